/** What went wrong with a call, in words for people. Made of a problem document (RFC 9457) where there is one. */
export class Problem extends Error {
  constructor(
    /** 0: no answer at all. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'Problem';
  }
}

const PLAIN: Record<number, string> = {
  401: 'The token is not known here, or was revoked.',
  403: 'This token may not do that.',
  404: 'It is not there (any more).',
  412: 'Somebody else changed it since you opened it.',
  413: 'That is too large.',
  429: 'Too many calls at once. Wait a moment, then try again.',
  503: 'Sluice cannot take this right now. Try again in a moment.',
};

export function unreachable(): Problem {
  return new Problem(0, 'unreachable', 'Sluice does not answer. Is it running, and can this computer reach it?');
}

/** Sentences start with a capital letter and end with a full stop, whoever wrote them; a setting's name stays as it is. */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return '';
  const isWord = /^[a-z]+([\s,;:’']|$)/.test(trimmed);
  const begun = isWord ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…]$/.test(begun) ? begun : begun + '.';
}

export async function problemOf(response: Response): Promise<Problem> {
  let members: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(await response.text());
    if (parsed && typeof parsed === 'object') members = parsed as Record<string, unknown>;
  } catch {
    // A proxy's error page, perhaps: the status must do.
  }
  const detail = typeof members.detail === 'string' ? members.detail : '';
  const code = typeof members.code === 'string' ? members.code : '';
  const message = detail
    ? asSentence(detail)
    : (PLAIN[response.status] ?? `Sluice answered with an error (${response.status}).`);
  return new Problem(response.status, code, message, members);
}

/** Any failure as a sentence. */
export function inPlainWords(failure: unknown): string {
  if (failure instanceof Problem) return failure.message;
  if (failure instanceof Error) return asSentence(failure.message);
  return 'Something went wrong.';
}
