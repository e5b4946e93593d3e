import { Button, Code, FileInput, Group, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { answer, api } from '@/api/client';
import { keys } from '@/api/queries';
import { useTenant } from '@/shell/where';
import { Dialog } from '@/ui/Dialog';
import { useAct } from '@/ui/act';
import { plural } from '@/ui/format';
import { FormProblem, Notice } from '@/ui/states';

const columns = 'type,media,caption,scheduled_at,first_comment,account';

/** Plans many posts from a CSV file: all of them, or none with the problems of all. */
export function ImportPosts({ onClose }: { onClose: () => void }) {
  const tenant = useTenant();
  const [csv, setCsv] = useState('');
  const [file, setFile] = useState<File | null>(null);
  const send = (dryRun: boolean) =>
    answer(
      api.POST('/api/v1/tenants/{tenant}/posts/import', {
        params: { path: { tenant: tenant.id } },
        body: { csv, dry_run: dryRun },
      }),
    );
  const look = useAct({ act: () => send(true), changes: [], isQuiet: true });
  const run = useAct({
    once: (result) => result.imported,
    act: () => send(false),
    changes: [keys.tenant(tenant.id, 'posts')],
    done: (result) => `${plural(result.posts.length, 'post')} planned.`,
    onDone: (result) => {
      if (result.imported) onClose();
    },
    isQuiet: true,
  });
  const choose = async (chosen: File | null) => {
    setFile(chosen);
    look.reset();
    setCsv(chosen === null ? '' : await chosen.text());
  };
  const found = run.data ?? look.data;
  const isReady = look.data !== undefined && look.data.problems.length === 0 && look.data.rows > 0;
  return (
    <Dialog onClose={onClose} title="Plan posts from a file" size="lg">
      <Stack>
        <Text size="sm" c="dimmed">
          A CSV file with the columns <Code>{columns}</Code>. Media are named by their ids, several with
          spaces between.
        </Text>
        <FormProblem error={run.error ?? look.error} shown={['csv']} />
        <FileInput
          label="File"
          placeholder="Choose a CSV file"
          accept=".csv,text/csv"
          value={file}
          onChange={(chosen) => void choose(chosen)}
        />
        {found !== undefined && found.problems.length > 0 && (
          <>
            <Notice
              tone="warn"
              title={`${plural(found.problems.length, 'row')} of ${found.rows} cannot be planned`}
            >
              Mend the file and choose it again. Nothing was planned.
            </Notice>
            <Table.ScrollContainer minWidth={300} mah={240}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th w={70}>Line</Table.Th>
                    <Table.Th>Problems</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.problems.map((it) => (
                    <Table.Tr key={it.line}>
                      <Table.Td>{it.line}</Table.Td>
                      <Table.Td>
                        {it.problems.map((problem) => `${problem.field}: ${problem.problem}`).join('; ')}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </>
        )}
        {isReady && <Notice tone="good" title={`${plural(look.data?.rows ?? 0, 'post')} can be planned`} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {isReady ? (
            <Button loading={run.isPending} onClick={() => run.start()}>
              Plan them
            </Button>
          ) : (
            <Button loading={look.isPending} disabled={csv.trim() === ''} onClick={() => look.start()}>
              Check the file
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}
