import { sessionSetup, type SessionSetupAnswer } from '@sandpiper/protocol';
import type { Group } from '../group.ts';
import { parseRequest } from '../http/failure.ts';
import { readJson } from '../http/read-json.ts';
import type { Session } from './session.ts';

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/** `POST /v1/session`: environment and files of the session that claimed this sandbox. */
export function createSessionGroup(session: Session): Group {
  return {
    routes: [
      {
        method: 'post',
        path: '/v1/session',
        scopes: ['session'],
        summary: 'Applies environment and files of a session, once',
        handler: async (request, response) => {
          const setup = parseRequest(sessionSetup, await readJson(request, BODY_LIMIT_BYTES));
          const answer: SessionSetupAnswer = { applied: await session.apply(setup) };
          response.json(answer);
        },
      },
    ],
  };
}
