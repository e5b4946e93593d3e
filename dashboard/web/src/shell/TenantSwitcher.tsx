import { Box, Modal, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconCheck, IconSearch, IconSelector } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useMemo, useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { Failure, Loading } from '@/ui/states';
import { Tag } from '@/ui/pieces';
import { plural } from '@/ui/format';
import classes from './TenantSwitcher.module.css';
import { matching, useTenants, type KnownTenant } from './useTenants';

const rowHeight = 48;

/** Opens a list of all tenants with a search; only the rows in sight are drawn. */
export function TenantSwitcher({ current, label }: { current: string | null; label: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <UnstyledButton className={classes.button} onClick={() => setOpen(true)} aria-haspopup="dialog">
        <span className="clip" title={label}>
          {label}
        </span>
        <IconSelector size={16} aria-hidden style={{ flex: 'none' }} />
      </UnstyledButton>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title="Switch tenant" size="md">
        <TenantList current={current} onDone={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function TenantList({ current, onDone }: { current: string | null; onDone: () => void }) {
  const { tenants, isPending, error, refetch } = useTenants();
  const navigate = useNavigate();
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const [viewport, setViewport] = useState<HTMLDivElement | null>(null);
  const listId = useId();
  const found = useMemo(() => matching(tenants, search), [tenants, search]);
  const rows = useVirtualizer({
    count: found.length,
    getScrollElement: () => viewport,
    estimateSize: () => rowHeight,
    overscan: 8,
  });

  useEffect(() => setActive(0), [search]);

  const choose = (tenant: KnownTenant | undefined) => {
    if (tenant === undefined) return;
    onDone();
    navigate(`/tenants/${tenant.id}`);
  };

  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setActive(next);
    rows.scrollToIndex(next);
  };

  if (isPending) return <Loading rows={5} height={40} />;
  if (error !== null && tenants.length === 0) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <>
      <TextInput
        // The list may have been loading when the dialog opened.
        autoFocus
        data-autofocus
        aria-label="Search tenants"
        placeholder="Search by name"
        leftSection={<IconSearch size={16} aria-hidden />}
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found[active] === undefined ? undefined : `${listId}-${active}`}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') move(active + 1);
          else if (event.key === 'ArrowUp') move(active - 1);
          else if (event.key === 'Enter') choose(found[active]);
          else return;
          event.preventDefault();
        }}
      />
      <Text size="xs" c="dimmed" my="xs" aria-live="polite">
        {search === '' ? plural(tenants.length, 'tenant') : `${plural(found.length, 'tenant')} found`}
      </Text>
      <div
        ref={setViewport}
        id={listId}
        role="listbox"
        aria-label="Tenants"
        tabIndex={-1}
        style={{ maxHeight: 'min(420px, 55vh)', overflowY: 'auto' }}
      >
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((row) => {
            const tenant = found[row.index];
            if (tenant === undefined) return null;
            return (
              // The search field moves through the options and chooses them with the keyboard.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={tenant.id}
                id={`${listId}-${row.index}`}
                role="option"
                tabIndex={-1}
                aria-selected={row.index === active}
                aria-setsize={found.length}
                aria-posinset={row.index + 1}
                className={classes.option}
                data-active={row.index === active || undefined}
                style={{ height: rowHeight, transform: `translateY(${row.start}px)` }}
                onClick={() => choose(tenant)}
                onMouseMove={() => setActive(row.index)}
              >
                <Box miw={0} flex={1}>
                  <Text size="sm" fw={500} className="clip" title={tenant.name}>
                    {tenant.name}
                  </Text>
                  <Text size="xs" c="dimmed" className="clip">
                    {tenant.detail}
                  </Text>
                </Box>
                {tenant.isSuspended && <Tag tone="warn">Suspended</Tag>}
                {tenant.id === current && <IconCheck size={16} aria-label="Open now" />}
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}
