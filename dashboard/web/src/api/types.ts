import type { components } from './schema';

type Schemas = components['schemas'];

export type Account = Schemas['Account'];
export type Action = Schemas['Action'];
export type ActionType = Schemas['ActionType'];
export type Alert = Schemas['Alert'];
export type AnalyticsReport = Schemas['AnalyticsReport'];
export type Approval = Schemas['Approval'];
export type ApprovalStatus = Schemas['ApprovalStatus'];
export type ArmResult = Schemas['ArmResult'];
export type AuditEntry = Schemas['AuditEntry'];
export type BudgetLine = Schemas['BudgetLine'];
export type Channel = Schemas['Channel'];
export type ChannelDocument = Schemas['ChannelDocument'];
export type Comment = Schemas['Comment'];
export type Condition = Schemas['Condition'];
export type Connect = Schemas['Connect'];
export type Conversation = Schemas['Conversation'];
export type Cost = Schemas['Cost'];
export type DeliveryState = Schemas['DeliveryState'];
export type Effect = Schemas['Effect'];
export type EffectState = Schemas['EffectState'];
export type Estimate = Schemas['Estimate'];
export type Experiment = Schemas['Experiment'];
export type Intent = Schemas['Intent'];
export type Key = Schemas['Key'];
export type Lead = Schemas['Lead'];
export type LeadStage = Schemas['LeadStage'];
export type Media = Schemas['Media'];
export type MediaInsights = Schemas['MediaInsights'];
export type MemoryItem = Schemas['MemoryItem'];
export type Message = Schemas['Message'];
export type Mode = Schemas['Mode'];
export type OwnSession = Schemas['OwnSession'];
export type Post = Schemas['Post'];
export type PostDocument = Schemas['PostDocument'];
export type PostedUnder = Schemas['PostedUnder'];
export type PostOptions = Schemas['PostOptions'];
export type PostProblem = Schemas['PostProblem'];
export type PostState = Schemas['PostState'];
export type PostTemplate = Schemas['PostTemplate'];
export type PostTemplateDocument = Schemas['PostTemplateDocument'];
export type PostType = Schemas['PostType'];
export type PromptKey = Schemas['PromptKey'];
export type PromptSummary = Schemas['PromptSummary'];
export type PromptUse = Schemas['PromptUse'];
export type Recurrence = Schemas['Recurrence'];
export type Rule = Schemas['Rule'];
export type RuleAction = Schemas['RuleAction'];
export type RuleDocument = Schemas['RuleDocument'];
export type Sentiment = Schemas['Sentiment'];
export type Settings = Schemas['Settings'];
export type Severity = Schemas['Severity'];
export type Tenant = Schemas['Tenant'];
export type TenantPrompt = Schemas['TenantPrompt'];
export type TenantLook = Schemas['TenantOverview'];
export type TraceStep = Schemas['TraceStep'];
export type TriggerKind = Schemas['TriggerKind'];
export type Upload = Schemas['Upload'];
export type Webhook = Schemas['Webhook'];
export type WebhookDelivery = Schemas['WebhookDelivery'];
export type WebhookDocument = Schemas['WebhookDocument'];

/** A list of the API: one page and where the next begins. */
export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** The record of a decision as the audit log keeps it. */
export interface DecisionRecord {
  id: string;
  event: string;
  outcome: 'act' | 'draft' | 'escalate' | 'ignore' | 'record';
  mode: Mode | null;
  classification: {
    intent: Intent;
    confidence: number;
    sentiment: Sentiment;
    language: string | null;
    crisis: boolean;
    probabilities: [Intent, number][];
  } | null;
  reason: string;
  trace: TraceStep[];
  model: string | null;
  prompt_version: string | null;
  tokens_in: number;
  tokens_out: number;
  cost_micro_usd: number;
  latency_us: number;
  decided_at: string;
  event_kind: string;
  conversation: string | null;
  author: string | null;
  incoming_text: string | null;
}
