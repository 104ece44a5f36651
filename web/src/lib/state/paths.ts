export type PathParams = Record<string, string>;

/**
 * Matches `/c/{id}` or `/@{handle}` against a path; null when it does not fit.
 * A parameter is one segment, or the rest of a segment after a fixed beginning.
 */
export function matchPath(pattern: string, path: string): PathParams | null {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params: PathParams = {};
  for (const [index, piece] of wanted.entries()) {
    const value = given[index] ?? '';
    const open = piece.indexOf('{');
    if (open < 0) {
      if (piece !== value) return null;
      continue;
    }
    const before = piece.slice(0, open);
    if (!value.startsWith(before) || value.length === before.length) return null;
    try {
      params[piece.slice(open + 1, -1)] = decodeURIComponent(value.slice(before.length));
    } catch {
      return null;
    }
  }
  return params;
}
