import { startModelServer } from '@sandpiper/testing';
import type { ModelServer } from '@sandpiper/testing';

/** A scripted model, and what makes Sandpiper use it: the way a person configures OpenAI. */
export async function startModel(): Promise<{ model: ModelServer; env: Record<string, string> }> {
  const model = await startModelServer();
  return { model, env: { OPENAI_API_KEY: 'a-key-for-tests', OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' } };
}
