import type { AnalyticsReport } from '@/api/types';

export interface ReportMetric {
  name: string;
  previous: number | null;
  current: number | null;
  change: number | null;
  reason?: string;
}

type Open = Record<string, unknown>;
const open = (value: unknown): Open => (typeof value === 'object' && value !== null ? (value as Open) : {});
const numberOr = (value: unknown) => (typeof value === 'number' ? value : null);
const texts = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.map((it) => (typeof it === 'string' ? it : String(open(it).text ?? ''))).filter((it) => it !== '')
    : [];

/** Reports are open documents: what is missing is left out, never guessed. */
export function insightsOf(report: AnalyticsReport) {
  const insights = open(report.insights);
  return {
    findings: texts(insights.findings),
    recommendations: texts(insights.recommendations),
    anomalies: texts(insights.anomalies),
    writtenBy: String(insights.written_by ?? 'offline'),
    comparison: String(open(report.historical_comparison).label ?? ''),
  };
}

export function metricsOf(report: AnalyticsReport): ReportMetric[] {
  const reasons = open(open(report.instagram_metrics).not_available);
  return Object.entries(open(open(report.historical_comparison).metrics)).map(([name, value]) => {
    const metric = open(value);
    const reason = reasons[name];
    return {
      name,
      previous: numberOr(metric.previous),
      current: numberOr(metric.current),
      change: numberOr(metric.change_percent),
      reason: typeof reason === 'string' ? reason : undefined,
    };
  });
}

export const remarksOf = (report: AnalyticsReport) => texts(open(report.data_sources).remarks);
