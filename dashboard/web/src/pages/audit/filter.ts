/** What the audit log is searched for; all of it stands in the address, so that a search can be shared. */
export interface AuditFilter {
  event_type?: string;
  actor?: string;
  resource_id?: string;
  success?: boolean;
  from?: string;
  until?: string;
}

export function readFilter(params: URLSearchParams): AuditFilter {
  const text = (name: string) => params.get(name)?.trim() || undefined;
  const success = text('success');
  return {
    event_type: text('event_type'),
    actor: text('actor'),
    resource_id: text('resource_id'),
    success: success === undefined ? undefined : success === 'true',
    from: moment(text('from')),
    until: moment(text('until')),
  };
}

const moment = (value: string | undefined) =>
  value === undefined || Number.isNaN(Date.parse(value)) ? undefined : new Date(value).toISOString();

export function writeFilter(filter: AuditFilter): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  return params;
}
