// What goes wrong on purpose: a code, which texts.json words, and the values in its text.

class PageError extends Error {
  constructor(code, values = {}) {
    super(code);
    this.code = code;
    this.values = values;
  }
}

export function fail(code, values) {
  throw new PageError(code, values);
}
