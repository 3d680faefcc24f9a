/** A call as the form says it. */
export interface PlannedCall {
  integration: string;
  endpoint: string;
  readOnly: boolean;
  params: Record<string, unknown>;
  account: string | undefined;
  select: string | undefined;
}
