import {
  Button,
  Grid,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useRef } from 'react';
import { useBlocker, useNavigate } from 'react-router-dom';
import { answer, api } from '@/api/client';
import { asApiError, fieldErrors } from '@/api/problem';
import { keys } from '@/api/queries';
import type { RuleDocument, TriggerKind } from '@/api/types';
import { StaleProblem, TheirChanges } from '@/edit/TheirChanges';
import { saveVersion, useVersioned, type Version } from '@/edit/useVersioned';
import { useTenant } from '@/shell/where';
import { useAct } from '@/ui/act';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Section } from '@/ui/pieces';
import { FormProblem, Notice } from '@/ui/states';
import { ActionFields } from './ActionFields';
import { ConditionFields } from './ConditionFields';
import { actionKinds, conditionKinds, newAction, newCondition, tellRule, triggers } from './model';
import { PostsField } from './PostsField';
import { RehearseRule } from './RehearseRule';
import { TryRule } from './TryRule';

interface RuleFormProps {
  id: string | null;
  read: Version<RuleDocument>;
  /** Reads the rule again, because somebody else has changed it. */
  readAgain?: () => Promise<Version<RuleDocument> | undefined>;
}

export function RuleForm({ id, read, readAgain }: RuleFormProps) {
  const tenant = useTenant();
  const navigate = useNavigate();
  const edit = useVersioned(read);
  const { form: rule, change, isChanged } = edit;
  const isSaved = useRef(false);
  const mayEdit = tenant.may('manage');
  const blocker = useBlocker(() => isChanged && !isSaved.current);
  const path = { tenant: tenant.id };
  const put = (tag: string | null) =>
    answer(
      api.PUT('/api/v1/tenants/{tenant}/rules/{rule}', {
        params: { path: { ...path, rule: id ?? '' }, header: tag === null ? {} : { 'If-Match': tag } },
        body: rule,
      }),
    );
  const save = useAct({
    once: true,
    act: () =>
      id === null
        ? answer(api.POST('/api/v1/tenants/{tenant}/rules', { params: { path }, body: rule }))
        : saveVersion(edit, put, readAgain),
    changes: [keys.tenant(tenant.id, 'rules', 'pages')],
    done: 'The rule is saved.',
    onDone: () => {
      isSaved.current = true;
      navigate(tenant.path('rules'));
    },
    isQuiet: true,
  });
  const errors = fieldErrors(save.error);
  const isStale = save.error !== null && asApiError(save.error).isStale;
  const conditions = rule.conditions ?? [];
  const offered = actionKinds.filter((it) => it.only === undefined || it.only.includes(rule.trigger.on));
  const replaceAt = <T,>(list: T[], at: number, item: T) =>
    list.map((it, index) => (index === at ? item : it));

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.start();
      }}
    >
      <LeaveGuard blocker={blocker} isChanged={isChanged && !isSaved.current} />
      <Grid gutter="md">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack>
            <TheirChanges
              what="this rule"
              differences={edit.differences}
              onTake={edit.takeTheirs}
              onKeep={edit.keepAll}
            />
            {isStale ? <StaleProblem /> : <FormProblem error={save.error} shown={['name']} />}
            <Section title="What it is called">
              <TextInput
                aria-label="Name"
                placeholder="Price questions"
                required
                maxLength={200}
                disabled={!mayEdit}
                value={rule.name}
                onChange={(event) => change({ name: event.currentTarget.value })}
                error={errors.name}
              />
            </Section>
            <Section title="When">
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <Select
                  label="What comes in"
                  data={triggers}
                  allowDeselect={false}
                  disabled={!mayEdit}
                  value={rule.trigger.on}
                  onChange={(value) => change({ trigger: { ...rule.trigger, on: value as TriggerKind } })}
                />
                <PostsField
                  disabled={!mayEdit}
                  value={rule.trigger.media ?? []}
                  onChange={(media) => change({ trigger: { ...rule.trigger, media } })}
                  error={errors['trigger.media'] ?? errors.trigger}
                />
              </SimpleGrid>
              <Stack gap="sm" mt="md">
                {conditions.map((condition, index) => (
                  <ConditionFields
                    key={index}
                    condition={condition}
                    isFirst={index === 0}
                    isDisabled={!mayEdit}
                    onChange={(item) => change({ conditions: replaceAt(conditions, index, item) })}
                    onRemove={() => change({ conditions: conditions.filter((_, at) => at !== index) })}
                  />
                ))}
                {mayEdit && (
                  <Select
                    aria-label="Add a condition"
                    placeholder="Add a condition"
                    data={conditionKinds.map((it) => ({ ...it, label: `… that ${it.label}` }))}
                    value={null}
                    w={260}
                    onChange={(kind) =>
                      kind !== null && change({ conditions: [...conditions, newCondition(kind as 'regex')] })
                    }
                  />
                )}
              </Stack>
            </Section>
            <Section title="Then" lead="In this order. Texts may hold {name} and {brand}.">
              <Stack gap="sm">
                {rule.actions.map((action, index) => (
                  <ActionFields
                    key={index}
                    action={action}
                    isDisabled={!mayEdit}
                    isMisplaced={!offered.some((it) => it.value === action.do)}
                    onChange={(item) => change({ actions: replaceAt(rule.actions, index, item) })}
                    onRemove={() => change({ actions: rule.actions.filter((_, at) => at !== index) })}
                  />
                ))}
                {mayEdit && (
                  <Select
                    aria-label="Add an action"
                    placeholder="Add an action"
                    data={offered}
                    value={null}
                    w={260}
                    onChange={(kind) =>
                      kind !== null && change({ actions: [...rule.actions, newAction(kind as 'like')] })
                    }
                  />
                )}
              </Stack>
            </Section>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Stack style={{ position: 'sticky', top: 70 }}>
            <Section title="In words">
              <Text size="sm" className="break">
                {tellRule(rule)}
              </Text>
            </Section>
            <Section title="How it runs">
              <Stack gap="sm">
                <Switch
                  label="On"
                  disabled={!mayEdit}
                  checked={rule.enabled ?? true}
                  onChange={(event) => change({ enabled: event.currentTarget.checked })}
                />
                <Switch
                  label="Dry run"
                  description="What it would do is recorded, and nothing is done."
                  disabled={!mayEdit}
                  checked={rule.dry_run ?? false}
                  onChange={(event) => change({ dry_run: event.currentTarget.checked })}
                />
                <NumberInput
                  label="Priority"
                  description="Higher comes first."
                  disabled={!mayEdit}
                  value={rule.priority ?? 0}
                  allowDecimal={false}
                  onChange={(value) => change({ priority: Number(value) })}
                  error={errors.priority}
                />
                <NumberInput
                  label="At most, a day"
                  placeholder="No limit"
                  min={1}
                  allowDecimal={false}
                  disabled={!mayEdit}
                  value={rule.daily_cap ?? ''}
                  onChange={(value) => change({ daily_cap: value === '' ? null : Number(value) })}
                  error={errors.daily_cap}
                />
              </Stack>
            </Section>
            {!mayEdit && <Notice tone="neutral">You may read rules, not change them.</Notice>}
            {mayEdit && (
              <Group justify="flex-end">
                <Button variant="default" onClick={() => navigate(tenant.path('rules'))}>
                  Cancel
                </Button>
                <Button type="submit" loading={save.isPending} disabled={rule.actions.length === 0}>
                  Save
                </Button>
              </Group>
            )}
            <TryRule on={rule.trigger.on} />
            {mayEdit && rule.name.trim() !== '' && rule.actions.length > 0 && <RehearseRule rule={rule} />}
          </Stack>
        </Grid.Col>
      </Grid>
    </form>
  );
}
