import fc from "fast-check";
import { at } from "./geometry";
import { stack, type Stacked } from "./stack";

const anyColumn = fc.array(
    fc.record({
        target: fc.integer({ min: -300, max: 300 }),
        weight: fc.integer({ min: 1, max: 9 }),
        above: fc.integer({ min: 1, max: 50 }),
        below: fc.integer({ min: 1, max: 50 }),
    }),
    { minLength: 1, maxLength: 12 },
);

const cost = (column: Stacked[], places: number[]) =>
    column.reduce((sum, { target, weight }, index) => sum + weight * (at(places, index) - target) ** 2, 0);

it("keeps order and distances, and no movement of a part improves the result", () => {
    fc.assert(
        fc.property(anyColumn, (column) => {
            const places = stack(column);
            const isAllowed = (places: number[]) =>
                places.every(
                    (place, index) =>
                        index === 0 ||
                        place - at(places, index - 1) >= at(column, index).above + at(column, index - 1).below - 1e-6,
                );
            expect(isAllowed(places)).toBe(true);
            const better: number[][] = [];
            for (let first = 0; first < column.length; first += 1) {
                for (let last = first; last < column.length; last += 1) {
                    for (const step of [-0.5, 0.5]) {
                        const moved = places.map((place, index) =>
                            index >= first && index <= last ? place + step : place,
                        );
                        if (isAllowed(moved) && cost(column, moved) < cost(column, places) - 1e-6) {
                            better.push(moved);
                        }
                    }
                }
            }
            expect(better).toEqual([]);
        }),
    );
});

it("gives every box its target if there is space", () => {
    const column = [-100, 0, 100].map((target) => ({ target, weight: 1, above: 10, below: 10 }));
    expect(stack(column)).toEqual([-100, 0, 100]);
});
