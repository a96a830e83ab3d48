import { defineModel } from 'galley';

const positive = new Set(
  `angenehm ausgezeichnet begeistert bequem besser beste besten danke einfach empfehle empfehlen empfehlenswert
  freundlich freundliche freundlicher froh gefallen gefällt gern gerne glücklich großartig gut gute guten guter gutes
  herrlich hilfreich hübsch lecker liebe lieben liebt lohnt mag perfekt praktisch prima sauber schnell schön schöne
  schönen schöner schönes spannend super tolle toll toller tolles wunderbar wunderbare wunderbares wunderschön
  zufrieden zuverlässig`.split(/\s+/),
);
const negative = new Set(
  `defekt dreckig enttäuscht enttäuschend fehler furchtbar hasse hassen hässlich kalt kaputt katastrophe langsam
  langweilig laut mangelhaft mies nervig peinlich problem probleme schlecht schlechte schlechten schlechter schlechtes
  schlimm schmutzig schrecklich teuer traurig unbrauchbar unfreundlich unfreundliche unverschämt unzufrieden
  verschwendung verspätet wütend zerbrochen ärgerlich`.split(/\s+/),
);
const negation = /^(?:nicht|nichts|nie|niemals|kein|keine|keinen|keinem|keiner|keines|ohne|kaum)$/;
const clauseEnd = /[.,;:!?]|\baber\b/;

/** From -1 to 1: the average of the words that the lists rate. A negation reverses its clause. */
function scoreOf(text: string): number {
  let sum = 0;
  let rated = 0;
  for (const clause of text.normalize().toLowerCase().split(clauseEnd)) {
    const words = clause.match(/\p{L}+/gu) ?? [];
    const sign = words.some((word) => negation.test(word)) ? -1 : 1;
    for (const word of words) {
      const rating = Number(positive.has(word)) - Number(negative.has(word));
      sum += sign * rating;
      rated += Math.abs(rating);
    }
  }
  return rated === 0 ? 0 : sum / rated;
}

/** Rates German text by word lists. */
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
