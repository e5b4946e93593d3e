import { sentence } from '@/ui/format';

/** A problem with one field of a form. */
export interface FieldProblem {
  field: string;
  problem: string;
}

/** What the API or the network said instead of an answer. */
export class ApiError extends Error {
  constructor(
    /** HTTP status, or 0 when no answer came. */
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly fields: FieldProblem[] = [],
    /** The present state of the thing, when the request was decided on an old one. */
    readonly present?: unknown,
  ) {
    super(detail);
    this.name = 'ApiError';
  }

  /** Whether the thing changed since it was read. */
  get isStale() {
    return this.status === 409 || this.status === 412;
  }

  get isOffline() {
    return this.status === 0;
  }

  get isMissing() {
    return this.status === 404;
  }
}

/** Reads a problem document (RFC 9457); anything else becomes a sentence a person can act on. */
export function problemFrom(status: number, body: unknown): ApiError {
  if (typeof body !== 'object' || body === null || !('title' in body)) {
    return new ApiError(
      status,
      'The server gave no reason',
      status >= 500 || status === 0
        ? 'Troupe cannot answer at the moment. What you entered is still here; try again shortly.'
        : 'Troupe did not accept this. Reload the page and try again.',
    );
  }
  const document = body as Record<string, unknown>;
  const title = String(document.title);
  const detail = forPeople(quoted(typeof document.detail === 'string' ? document.detail : title), title);
  const fields = readFields(document, detail);
  return new ApiError(status, title, sentence(withoutFieldName(detail, fields)), fields, document.present);
}

/** Names stand in backticks there, which are for programmers. */
const quoted = (text: string) => text.replace(/`([^`]+)`/g, '“$1”');

/** What sends programmers to the description of the API helps nobody on a page. */
function forPeople(detail: string, title: string) {
  if (!detail.includes('/api/')) return detail;
  const rest = detail.split(/; /).filter((it) => !it.includes('/api/'));
  return rest.length > 0 ? rest.join('; ') : title;
}

function readFields(document: Record<string, unknown>, detail: string): FieldProblem[] {
  if (Array.isArray(document.problems)) {
    return document.problems
      .filter((it): it is FieldProblem => typeof it?.field === 'string' && typeof it?.problem === 'string')
      .map((it) => ({ field: it.field, problem: sentence(quoted(it.problem)) }));
  }
  if (typeof document.field === 'string') {
    const field = document.field;
    return [
      { field, problem: sentence(detail.startsWith(`${field}: `) ? detail.slice(field.length + 2) : detail) },
    ];
  }
  return [];
}

/** Forms show the name of the field themselves. */
function withoutFieldName(detail: string, fields: FieldProblem[]) {
  const first = fields[0];
  return first !== undefined && detail.startsWith(`${first.field}: `)
    ? detail.slice(first.field.length + 2)
    : detail;
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(
    0,
    'Troupe cannot be reached',
    'No answer came. Check the connection; what you entered is still here.',
  );
}

/** The problems of each field, for forms. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const found: Record<string, string> = {};
  for (const { field, problem } of error.fields) {
    found[field] = field in found ? `${found[field]} ${problem}` : problem;
  }
  return found;
}
