import { Anchor, Box, Collapse, Group, Progress, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBolt,
  IconBrain,
  IconChevronDown,
  IconGauge,
  IconPencil,
  IconRoute,
  IconShieldCheck,
  IconShieldLock,
  IconTags,
  type Icon,
} from '@tabler/icons-react';
import { Link } from 'react-router-dom';
import type { DecisionRecord, TraceStep } from '@/api/types';
import { useTenant } from '@/shell/where';
import { Details } from '@/ui/Details';
import { percent, words } from '@/ui/format';
import { recalledIn, rulesIn } from './data';
import { tellStep } from './steps';

const steps: Record<TraceStep['step'], { label: string; icon: Icon }> = {
  policy: { label: 'Policy', icon: IconShieldLock },
  rules: { label: 'Rules', icon: IconRoute },
  memory: { label: 'Memory', icon: IconBrain },
  classify: { label: 'Classification', icon: IconTags },
  mode: { label: 'Mode', icon: IconGauge },
  generate: { label: 'Writing', icon: IconPencil },
  guard: { label: 'Guards', icon: IconShieldCheck },
  outcome: { label: 'Outcome', icon: IconBolt },
};

/** Each step of a decision in its order, with what it found. */
export function Trace({ trace, record }: { trace: TraceStep[]; record?: DecisionRecord }) {
  return (
    <Stack gap={0} component="ol" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
      {trace.map((step, index) => (
        <StepLine key={index} step={step} record={record} isLast={index === trace.length - 1} />
      ))}
    </Stack>
  );
}

function StepLine({ step, record, isLast }: { step: TraceStep; record?: DecisionRecord; isLast: boolean }) {
  const [isOpen, { toggle }] = useDisclosure(false);
  const { label, icon: Symbol } = steps[step.step];
  const hasDetails = step.details !== undefined && step.details !== null;
  return (
    <Box component="li" pl={36} pb={isLast ? 0 : 'md'} pos="relative">
      {!isLast && (
        <Box pos="absolute" left={12} top={26} bottom={0} w={1} style={{ background: 'var(--line)' }} />
      )}
      <Box
        pos="absolute"
        left={0}
        top={0}
        w={25}
        h={25}
        style={{
          display: 'grid',
          placeItems: 'center',
          borderRadius: 25,
          background: 'var(--tone-neutral-bg)',
          color: 'var(--tone-neutral-fg)',
        }}
      >
        <Symbol size={14} aria-hidden />
      </Box>
      <Text size="sm" fw={600} lh="25px">
        {label}
      </Text>
      <Text size="sm" className="break">
        {tellStep(step.summary)}
      </Text>
      {step.step === 'classify' && record?.classification != null && (
        <Probabilities of={record.classification} />
      )}
      {step.step === 'memory' && <Recalled details={step.details} />}
      {step.step === 'rules' && <RulesHit details={step.details} />}
      {hasDetails && (
        <>
          <UnstyledButton onClick={toggle} aria-expanded={isOpen} mt={4}>
            <Text
              size="xs"
              c="dimmed"
              component="span"
              style={{ display: 'inline-flex', alignItems: 'center', gap: 4 }}
            >
              <IconChevronDown size={13} aria-hidden style={{ rotate: isOpen ? '180deg' : undefined }} />
              {isOpen ? 'Hide the record' : 'Show the record'}
            </Text>
          </UnstyledButton>
          <Collapse in={isOpen}>
            <Details of={step.details} height={260} />
          </Collapse>
        </>
      )}
    </Box>
  );
}

function Probabilities({ of }: { of: NonNullable<DecisionRecord['classification']> }) {
  const sorted = [...of.probabilities].sort((a, b) => b[1] - a[1]).slice(0, 3);
  return (
    <Stack gap={4} mt={6} maw={320}>
      {sorted.map(([intent, share]) => (
        <Group key={intent} gap="xs" wrap="nowrap">
          <Text size="xs" w={72}>
            {words(intent)}
          </Text>
          <Progress
            value={share * 100}
            size="sm"
            flex={1}
            aria-label={`${words(intent)}: ${percent(share)}`}
          />
          <Text size="xs" w={40} ta="right" className="tabular">
            {percent(share)}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function Recalled({ details }: { details: unknown }) {
  const items = recalledIn(details);
  if (items.length === 0) return null;
  return (
    <Stack gap={2} mt={4} component="ul" pl={18} my={0}>
      {items.map((it) => (
        <Text key={it.id} size="sm" component="li" c="dimmed">
          {it.text ?? it.id}
          {it.kind !== undefined && ` (${words(it.kind).toLowerCase()})`}
        </Text>
      ))}
    </Stack>
  );
}

function RulesHit({ details }: { details: unknown }) {
  const tenant = useTenant();
  const hits = rulesIn(details);
  if (hits.length === 0) return null;
  return (
    <Group gap="xs" mt={4}>
      {hits.map((it) => (
        <Anchor key={it.rule} component={Link} to={tenant.path(`rules/${it.rule}`)} size="sm">
          {it.name}
          {it.dry_run === true && ' (dry run)'}
        </Anchor>
      ))}
    </Group>
  );
}
