import type { ToolContract } from '@sandpiper/protocol';
import { issuesOf } from '@sandpiper/protocol';
import { agentErrors } from '../errors.ts';

/**
 * Checks arguments against a contract. Models often write null for what they leave out; where the contract has no place for a null,
 * that is what it means.
 * @returns the arguments with defaults filled in
 * @throws CodedError `TOOL_INPUT_INVALID` with a line the model can act on
 */
export function readInput<Contract extends ToolContract>(
  contract: Contract,
  input: Record<string, unknown>,
): ReturnType<Contract['input']['parse']> {
  const parsed = contract.input.safeParse(input);
  if (parsed.success) return parsed.data as ReturnType<Contract['input']['parse']>;
  const withoutNulls = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
  const again = contract.input.safeParse(withoutNulls);
  if (again.success) return again.data as ReturnType<Contract['input']['parse']>;
  const issues = issuesOf(again.error);
  const problems = issues.slice(0, 5).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw agentErrors.TOOL_INPUT_INVALID({ name: contract.name, problems: problems.join('; ') }, { issues });
}
