// JSON shown as it is: white space is all that this adds or takes. No number is read and written again, since `1E400`, `1.10`
// and thirty digits are what was sent and what a customer gets.

export interface JsonPiece {
  kind: 'plain' | 'name' | 'string' | 'literal';
  text: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gy;
const INDENT = '  ';

function tokensOf(text: string): string[] | null {
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) return null;
    tokens.push(found[0]);
    at = TOKEN.lastIndex;
  }
  return tokens;
}

/** The text with line breaks and indents, in pieces to be coloured. What is not JSON comes back in one piece, as it is. */
export function prettyJson(text: string): JsonPiece[] {
  const tokens = tokensOf(text);
  if (!tokens) return [{ kind: 'plain', text }];
  const pieces: JsonPiece[] = [];
  let depth = 0;
  const plain = (more: string) => pieces.push({ kind: 'plain', text: more });
  const newLine = () => plain('\n' + INDENT.repeat(depth));
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const before = tokens[index - 1];
    if (token === '{' || token === '[') {
      plain(token);
      if (next === '}' || next === ']') return;
      depth++;
      newLine();
    } else if (token === '}' || token === ']') {
      if (before !== '{' && before !== '[') {
        depth = Math.max(0, depth - 1);
        newLine();
      }
      plain(token);
    } else if (token === ',') {
      plain(token);
      newLine();
    } else if (token === ':') {
      plain(': ');
    } else {
      pieces.push({ kind: next === ':' ? 'name' : token.startsWith('"') ? 'string' : 'literal', text: token });
    }
  });
  return pieces;
}
