"""Makes three small tokenizers and what the tokenizers library of Hugging Face (0.23.3) makes of some texts."""
import json
from pathlib import Path
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
CORPUS = [
    "The server answers predictions over HTTP, with replicas and batches.",
    "A tokenizer cuts a text into tokens, and a model reads their numbers.",
    "Les modèles répondent vite; die Modelle antworten schnell. 12345 67890",
] * 20
TEXTS = [
    "The server answers.",
    "the SERVER, answers: predictions!",
    "",
    "   two   spaces\tand\na line",
    "modèles répondent",
    "日本語 and emoji 🙂",
    "unknowable zyxwvu 987",
    "tokens [MASK] tokens",
    "a" * 120,
]
PAIRS = [["The server answers.", "tokens"], ["tokens", "A tokenizer cuts a text into tokens."], ["", "x"]]
LIMITS = [4, 5, 8, 13]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=220, special_tokens=SPECIAL, show_progress=False))
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, {"pad_token": "[PAD]", "padding_side": "right"}


def bytelevel():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "[MASK]"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, {"pad_token": {"content": "<pad>"}, "padding_side": "left"}


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<pad>", "</s>", "<unk>", "[MASK]"]
    tokenizer.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=150, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer, {"pad_token": "<pad>", "padding_side": "right"}


def encoded(tokenizer, text):
    encoding = tokenizer.encode(*text) if isinstance(text, list) else tokenizer.encode(text)
    return {"text": text, "ids": encoding.ids, "types": encoding.type_ids}


def cut(tokenizer, text, limit):
    tokenizer.enable_truncation(limit)
    result = encoded(tokenizer, text) | {"maxLength": limit}
    tokenizer.no_truncation()
    return result


def batch(tokenizer, config):
    pad = config["pad_token"]
    pad = pad if isinstance(pad, str) else pad["content"]
    tokenizer.enable_padding(direction=config["padding_side"], pad_id=tokenizer.token_to_id(pad), pad_token=pad, pad_to_multiple_of=8)
    rows = tokenizer.encode_batch(TEXTS[:5])
    tokenizer.no_padding()
    return {"ids": [row.ids for row in rows], "mask": [row.attention_mask for row in rows]}


for make in (wordpiece, bytelevel, unigram):
    tokenizer, config = make()
    folder = HERE / make.__name__
    folder.mkdir(exist_ok=True)
    saved = json.loads(tokenizer.to_str())
    (folder / "tokenizer.json").write_text(json.dumps(saved, ensure_ascii=False) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    expected = {
        "whole": [encoded(tokenizer, text) for text in TEXTS + PAIRS],
        "cut": [cut(tokenizer, text, limit) for text in [TEXTS[0], TEXTS[4], *PAIRS] for limit in LIMITS],
        "decoded": [
            {"ids": ids, "text": tokenizer.decode(ids), "special": tokenizer.decode(ids, skip_special_tokens=False)}
            for ids in (tokenizer.encode(text).ids for text in TEXTS[:5])
        ],
        "batch": batch(tokenizer, config),
    }
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")
