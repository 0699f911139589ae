/** Streams that break off at the provider: each client gets what was there, then an error, and pays once for what it got. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { ChatOpenAI } from '@langchain/openai';
import { streamText } from 'ai';
import OpenAI from 'openai';

import { baseURL, bringModel, Consumer, type Key, root } from './pool.ts';
import { prompt, words } from './question.ts';

/** A piece of the sandbox's streams has four words. */
const pieces = 2;
const delivered = 4 * pieces;

/** What a client makes of a stream: the text that it gave before the error, and the error. */
interface Broken {
  text: string;
  error: unknown;
}

async function read(stream: AsyncIterable<string>): Promise<Broken> {
  let text = '';
  try {
    for await (const delta of stream) {
      text += delta;
    }
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

for (const [provider, endpoint] of [['deepseek', 'chat'], ['anthropic', 'messages'], ['gemini', 'gemini']] as const) {
  describe(`a stream that ${provider} breaks off`, () => {
    const model = `house-broken-${provider}`;
    const messages = [{ role: 'user' as const, content: prompt }];
    let key: Key;
    before(async () => {
      key = await bringModel(provider, model);
    });

    /** The clients, each with how it streams a text. */
    const clients: Record<string, (apiKey: string) => Promise<Broken>> = {
      openai: async (apiKey) => {
        const client = new OpenAI({ apiKey, baseURL: baseURL() });
        const stream = await client.chat.completions.create({ model, messages, stream: true });
        const broken = await read(
          (async function* deltas() {
            for await (const chunk of stream) {
              yield chunk.choices[0]?.delta.content ?? '';
            }
          })(),
        );
        assert.ok(broken.error instanceof OpenAI.APIError);
        assert.equal(broken.error.code, 'upstream_failed');
        return broken;
      },
      'openai, responses': async (apiKey) => {
        const client = new OpenAI({ apiKey, baseURL: baseURL() });
        let error: unknown;
        const stream = await client.responses.create({ model, input: prompt, stream: true });
        const { text } = await read(
          (async function* deltas() {
            for await (const event of stream) {
              if (event.type === 'error') {
                error = event;
                assert.equal(event.code, 'upstream_failed');
              }
              yield event.type === 'response.output_text.delta' ? event.delta : '';
            }
          })(),
        );
        return { text, error };
      },
      anthropic: async (apiKey) => {
        const client = new Anthropic({ apiKey, baseURL: root() });
        const stream = client.messages.stream({ model, messages, max_tokens: 50 });
        const broken = await read(
          (async function* deltas() {
            for await (const event of stream) {
              yield event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : '';
            }
          })(),
        );
        assert.ok(broken.error instanceof Anthropic.APIError);
        assert.equal(broken.error.type, 'api_error');
        return broken;
      },
      ai: async (apiKey) => {
        let error: unknown;
        const { textStream } = streamText({
          model: createOpenAICompatible({ name: 'pool', baseURL: baseURL(), apiKey })(model),
          prompt,
          onError: (event) => {
            error = event.error;
          },
        });
        return { ...(await read(textStream)), error };
      },
      langchain: async (apiKey) => {
        const chat = new ChatOpenAI({ model, apiKey, configuration: { baseURL: baseURL() } });
        const stream = await chat.stream(prompt);
        return read(
          (async function* deltas() {
            for await (const chunk of stream) {
              yield chunk.text;
            }
          })(),
        );
      },
    };

    for (const [name, stream] of Object.entries(clients)) {
      it(name, async () => {
        const consumer = await Consumer.join(`broken-${provider}-${name.replaceAll(/[^a-z]/g, '')}`, '100');
        await key.script({ kind: 'cut_stream', on: endpoint, chunks: pieces });
        const { text, error } = await stream(consumer.token);
        assert.ok(error !== undefined);
        assert.equal(words(text), delivered);
        const [usage, ...more] = await consumer.booked(1);
        assert.deepEqual(more, []);
        assert.equal(usage?.status, 'FAILED');
        assert.equal(usage.completionTokens, delivered);
        assert.ok(Number(usage.creditsCharged) > 0);

        // It is served again, and the provider's breaker sees a success.
        const client = new OpenAI({ apiKey: consumer.token, baseURL: baseURL() });
        await client.chat.completions.create({ model, messages });
      });
    }
  });
}
