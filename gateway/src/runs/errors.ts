import { defineErrors } from '@sandpiper/protocol';

export const runErrors = defineErrors({
  RUN_ACTIVE: {
    status: 409,
    message: 'The agent is still at work in this conversation.',
    hint: 'Wait until it is done, or stop it first.',
  },
  RUN_NOT_FOUND: { status: 404, message: 'There is no run {runId} in this session.' },
  QUESTION_NOT_OPEN: {
    status: 409,
    message: 'The question {questionId} is not open: it was answered, or its run has ended.',
  },
  RUNS_CLOSED: { status: 503, message: 'Sandpiper is shutting down and starts no more runs.', retryable: true },
  EMPTY_MESSAGE: { status: 400, message: 'A message needs text or an attachment.' },
});
