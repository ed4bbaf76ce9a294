import { defineErrors } from '@sandpiper/protocol';

/** How a run ends before its work is done, and what the model is told when a call cannot be made. */
export const agentErrors = defineErrors({
  RUN_STEP_LIMIT: {
    status: 409,
    message: 'The run took {steps} steps, its limit, and was ended.',
    hint: 'What it did is kept. Send a message to let the agent go on.',
  },
  RUN_TIME_LIMIT: {
    status: 409,
    message: 'The run worked for {minutes} minutes, its limit, and was ended.',
    hint: 'What it did is kept. Send a message to let the agent go on.',
  },
  RUN_TOKEN_LIMIT: {
    status: 409,
    message: 'The run used {tokens} tokens, its limit, and was ended.',
    hint: 'What it did is kept. Send a message to let the agent go on.',
  },
  RUN_FAILED: {
    status: 500,
    message: 'The run failed because of an error in Sandpiper; it was logged as {runId}.',
    hint: 'Send your message again.',
    retryable: true,
  },
  TOOL_UNKNOWN: { status: 404, message: 'There is no tool {name}.' },
  TOOL_INPUT_NOT_JSON: {
    status: 400,
    message: 'The arguments of {name} are not a JSON object: {reason}. They began with: {start}',
    hint: 'Call the tool again with valid JSON.',
  },
  TOOL_INPUT_INVALID: { status: 400, message: 'The arguments of {name} are not right: {problems}.' },
  TOOL_FAILED: { status: 500, message: '{name} failed: {reason}', retryable: true },
});
