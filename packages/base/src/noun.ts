/** The word for so many: noun(1, "round") is "round", noun(2, "round") is "rounds". */
export function noun(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
