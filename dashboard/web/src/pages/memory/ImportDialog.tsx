import { Button, FileInput, Group, Select, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { authorisedFetch } from '@/api/client';
import { asApiError, problemFrom } from '@/api/problem';
import { keys } from '@/api/queries';
import type { components } from '@/api/schema';
import { useTenant } from '@/shell/where';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { plural } from '@/ui/format';
import { FormProblem, Notice } from '@/ui/states';

type Result = components['schemas']['ImportResult'];

const typeOf = (name: string) =>
  name.endsWith('.csv') ? 'text/csv' : name.endsWith('.md') ? 'text/markdown' : 'text/plain';

async function send(
  tenant: string,
  file: File,
  visibility: string,
  skipBad: boolean,
  replace: boolean,
): Promise<Result> {
  const query = new URLSearchParams({
    name: file.name,
    visibility,
    skip_bad: String(skipBad),
    replace: String(replace),
  });
  const url = new URL(`/api/v1/tenants/${tenant}/memory/import?${query}`, window.location.origin);
  const body = await file.text();
  let response: Response;
  try {
    response = await authorisedFetch(
      new Request(url, { method: 'POST', headers: { 'Content-Type': typeOf(file.name) }, body }),
    );
  } catch (error) {
    throw asApiError(error);
  }
  const answered: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemFrom(response.status, answered);
  return answered as Result;
}

/** Facts and questions with answers from a file. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const tenant = useTenant();
  const [file, setFile] = useState<File | null>(null);
  const [visibility, setVisibility] = useState('customer');
  const [skipBad, setSkipBad] = useState(false);
  const [replace, setReplace] = useState(false);
  const run = useAct({
    once: true,
    act: () => send(tenant.id, file as File, visibility, skipBad, replace),
    changes: [keys.tenant(tenant.id, 'memory')],
    isQuiet: true,
  });
  const found = run.data;
  return (
    <Dialog onClose={onClose} title="Import facts">
      {found !== undefined ? (
        <Stack>
          <Notice tone="good" title={`${plural(found.imported, 'item')} read from ${found.source}`}>
            {found.new} new, {found.unchanged} known already, {found.removed} removed.
          </Notice>
          {found.skipped.length > 0 && (
            <Notice tone="warn" title={`${plural(found.skipped.length, 'line')} left out`}>
              {found.skipped.slice(0, 8).map((it) => (
                <div key={it.line}>
                  Line {it.line}: {it.problem}
                </div>
              ))}
            </Notice>
          )}
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            run.start();
          }}
        >
          <Stack>
            <FormProblem error={run.error} />
            <FileInput
              label="File"
              description="Markdown or text with questions and answers, or CSV."
              placeholder="Choose a file"
              accept=".md,.txt,.csv"
              required
              value={file}
              onChange={setFile}
            />
            <Select
              label="Who may be told"
              allowDeselect={false}
              data={[
                { value: 'customer', label: 'Customers: answers may quote it' },
                { value: 'internal', label: 'The team only' },
              ]}
              value={visibility}
              onChange={(value) => setVisibility(value ?? 'customer')}
            />
            <Switch
              label="Replace what came from this file before"
              checked={replace}
              onChange={(event) => setReplace(event.currentTarget.checked)}
            />
            <Switch
              label="Leave out lines that cannot be read"
              checked={skipBad}
              onChange={(event) => setSkipBad(event.currentTarget.checked)}
            />
            {run.isPending && (
              <Text size="sm" role="status">
                The file is being read …
              </Text>
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={run.isPending} disabled={file === null}>
                Import
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
