// Why a photo is not fit to be measured.

export function warnings(face, expression, limits) {
  return [];
}
