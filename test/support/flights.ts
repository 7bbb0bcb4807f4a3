import type { FlightDeck, ReadFlights } from '../../src/coalescing/read-coalescer.ts';

/** The objects over which flights are spread, in this process: one deck for each name. */
export function processFlights(makeDeck: () => FlightDeck): ReadFlights {
  const decks = new Map<string, FlightDeck>();
  return {
    getByName(name) {
      const deck = decks.get(name) ?? makeDeck();
      decks.set(name, deck);
      return deck;
    },
  };
}
