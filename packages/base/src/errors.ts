// The one error for input that is not what it should be: it says where, what was expected and what came.

export class InputError extends Error {
  readonly where: string;
  readonly expected: string;
  readonly got: string;

  constructor(where: string, expected: string, got: string) {
    super(`${where}: expected ${expected}, got ${got}`);
    this.name = "InputError";
    this.where = where;
    this.expected = expected;
    this.got = got;
  }
}
