// What goes wrong on purpose: why, as texts.json words it, and the values in its text.

export function fail(why, values) {
  throw Object.assign(new Error(why), { why, values });
}
