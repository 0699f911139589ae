import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import { APICallError, embed, embedMany, generateObject, generateText, type LanguageModel, stepCountIs, streamObject, streamText, tool } from 'ai';

import { baseURL, Consumer } from './pool.ts';
import { account, length, models, prompt, tool as rate, words } from './question.ts';

let apiKey: string;
let compatible: OpenAICompatibleProvider;
before(async () => {
  apiKey = (await Consumer.join('ai', '100')).token;
  compatible = createOpenAICompatible({
    name: 'pool',
    baseURL: baseURL(),
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
});

/** Each provider package with a model of each provider: each speaks a dialect of its own. */
const packages: Record<string, (model: string) => LanguageModel> = {
  '@ai-sdk/openai-compatible': (model) => compatible(model),
  '@ai-sdk/openai': (model) => createOpenAI({ baseURL: baseURL(), apiKey })(model),
  '@ai-sdk/anthropic': (model) => createAnthropic({ baseURL: baseURL(), apiKey })(model),
};

for (const [name, of] of Object.entries(packages)) {
  for (const id of Object.values(models)) {
    describe(`ai, ${name} with ${id}`, () => {
      /** What was asked of the tool. */
      const toolOf = (given: unknown[]) =>
        tool({
          description: rate.description,
          inputSchema: rate.arguments,
          execute: (args) => {
            given.push(args);
            return rate.result;
          },
        });

      it('generates text', async () => {
        const { text, usage, finishReason } = await generateText({ model: of(id), system: 'Be brief.', prompt });
        assert.equal(words(text), length);
        assert.equal(usage.outputTokens, length);
        assert.equal(finishReason, 'stop');
      });

      it('streams text', async () => {
        const answer = streamText({ model: of(id), prompt });
        let text = '';
        for await (const delta of answer.textStream) {
          text += delta;
        }
        assert.equal(words(text), length);
        assert.equal((await answer.usage).outputTokens, length);
        assert.equal(await answer.finishReason, 'stop');
      });

      it('runs tools until there is an answer', async () => {
        const given: unknown[] = [];
        const { text, steps } = await generateText({
          model: of(id),
          prompt,
          tools: { [rate.name]: toolOf(given) },
          stopWhen: stepCountIs(5),
        });
        assert.equal(given.length, 1);
        assert.equal(steps.length, 2);
        assert.equal(words(text), length);
      });

      it('runs tools in a stream', async () => {
        const given: unknown[] = [];
        const answer = streamText({ model: of(id), prompt, tools: { [rate.name]: toolOf(given) }, stopWhen: stepCountIs(5) });
        assert.equal(words(await answer.text), length);
        assert.equal(given.length, 1);
        assert.equal((await answer.steps).length, 2);
      });

      it('generates objects', async () => {
        const { object } = await generateObject({ model: of(id), prompt, schema: account });
        account.parse(object);
      });

      it('streams objects', async () => {
        const answer = streamObject({ model: of(id), prompt, schema: account });
        let last: unknown;
        for await (const part of answer.partialObjectStream) {
          last = part;
        }
        account.parse(last);
      });
    });
  }
}

describe('ai', () => {
  it('embeds', async () => {
    for (const model of [
      compatible.embeddingModel('text-embedding-3-small'),
      createOpenAI({ baseURL: baseURL(), apiKey }).embedding('text-embedding-3-small'),
    ]) {
      const { embedding, usage } = await embed({ model, value: 'bank' });
      assert.equal(embedding.length, 1536);
      assert.ok(usage.tokens > 0);
      const { embeddings } = await embedMany({ model, values: ['bank', 'river'] });
      assert.deepEqual(embeddings[0], embedding);
      assert.notDeepEqual(embeddings[1], embedding);
    }
  });

  it('does not repeat a request without Credits', async () => {
    const poor = await Consumer.join('ai-poor', '0');
    const model = createOpenAICompatible({ name: 'pool', baseURL: baseURL(), apiKey: poor.token })(models.openai);
    await assert.rejects(generateText({ model, prompt }), (error) => {
      assert.ok(APICallError.isInstance(error)); // after repetitions it would be a RetryError
      assert.equal(error.statusCode, 402);
      assert.equal(error.isRetryable, false);
      return true;
    });
  });
});
