import { defineModel } from 'galley';

const positive = new Set(
  `amazing awesome beautiful best better brilliant charming clean comfortable delicious delighted easy enjoy
  enjoyed excellent fantastic fast friendly fun good great happy helpful impressive kind like liked likes
  love loved lovely nice perfect pleasant pleased polite recommend reliable satisfied super superb tasty
  thank thanks useful wonderful worth`.split(/\s+/),
);
const negative = new Set(
  `angry annoying awful bad boring broke broken cold complaint confusing defective dirty disappointed
  disappointing disgusting expensive failed failure hate hated horrible impolite late loud mistake noisy
  poor problem problems rude sad slow terrible ugly unfriendly unhappy unusable useless waste wasted
  worse worst wrong`.split(/\s+/),
);
const negation = /^(?:not|no|never|nothing|cannot|without|hardly|[a-z]+n['’]t)$/;
const clauseEnd = /[.,;:!?]|\bbut\b/;

/** From -1 to 1: the average of the words that the lists rate. A negation reverses its clause. */
function scoreOf(text: string): number {
  let sum = 0;
  let rated = 0;
  for (const clause of text.toLowerCase().split(clauseEnd)) {
    const words = clause.match(/[\p{L}'’]+/gu) ?? [];
    const sign = words.some((word) => negation.test(word)) ? -1 : 1;
    for (const word of words) {
      const rating = Number(positive.has(word)) - Number(negative.has(word));
      sum += sign * rating;
      rated += Math.abs(rating);
    }
  }
  return rated === 0 ? 0 : sum / rated;
}

/** Rates English text by word lists. */
export default defineModel({
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
  outputs: [
    { name: 'label', datatype: 'BYTES', shape: [-1] },
    { name: 'score', datatype: 'FP32', shape: [-1] },
  ],
  predict({ text }, _state, { rows }) {
    const scores = text.data.map((bytes) => scoreOf(new TextDecoder().decode(bytes)));
    const labels = scores.map((score) => (score > 0 ? 'positive' : score < 0 ? 'negative' : 'neutral'));
    return { label: { shape: [rows], data: labels }, score: { shape: [rows], data: scores } };
  },
});
