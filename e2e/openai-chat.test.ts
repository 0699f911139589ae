import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';

import { baseURL, calls, Consumer } from './pool.ts';
import { account, length, models, pixel, prompt, thoughts, tool, words } from './question.ts';

const tools = [
  { type: 'function', function: { name: tool.name, description: tool.description, parameters: tool.parameters } },
] satisfies OpenAI.ChatCompletionTool[];

for (const model of Object.values(models)) {
  describe(`openai, chat with ${model}`, () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: prompt },
    ];
    let client: OpenAI;
    before(async () => {
      const consumer = await Consumer.join(`openai-${model}`, '100');
      client = new OpenAI({ apiKey: consumer.token, baseURL: baseURL() });
    });

    it('answers', async () => {
      const answer = await client.chat.completions.create({ model, messages, max_tokens: 50 });
      assert.match(answer.id, /^chatcmpl-/);
      assert.equal(answer.object, 'chat.completion');
      assert.equal(answer.model, model);
      assert.equal(answer.choices.length, 1);
      assert.equal(answer.choices[0]?.finish_reason, 'stop');
      assert.equal(words(answer.choices[0]?.message.content ?? ''), length);
      assert.equal(answer.usage?.completion_tokens, length);
      assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
    });

    it('streams, and tells no usage unasked', async () => {
      const stream = await client.chat.completions.create({ model, messages, max_tokens: 50, stream: true });
      const ids = new Set<string>();
      let text = '';
      let finish: string | undefined;
      for await (const chunk of stream) {
        assert.equal(chunk.object, 'chat.completion.chunk');
        assert.equal(chunk.model, model);
        assert.equal(chunk.usage ?? null, null);
        ids.add(chunk.id);
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
      }
      assert.equal(ids.size, 1);
      assert.match([...ids][0] ?? '', /^chatcmpl-/);
      assert.equal(words(text), length);
      assert.equal(finish, 'stop');
    });

    it('streams, and tells the usage where asked', async () => {
      const stream = client.chat.completions.stream({ model, messages, max_tokens: 50, stream_options: { include_usage: true } });
      let text = '';
      stream.on('content', (delta) => {
        text += delta;
      });
      const answer = await stream.finalChatCompletion();
      assert.equal(answer.choices[0]?.message.content, text);
      assert.equal(words(text), length);
      assert.equal(answer.usage?.completion_tokens, length);
    });

    it('calls a tool and goes on with its result', async () => {
      const asked = await client.chat.completions.create({ model, messages, tools });
      const message = asked.choices[0]?.message;
      assert.equal(asked.choices[0]?.finish_reason, 'tool_calls');
      const call = message?.tool_calls?.[0];
      assert.ok(message && call?.type === 'function' && call.id !== '');
      assert.equal(call.function.name, tool.name);
      tool.arguments.parse(JSON.parse(call.function.arguments));
      const answer = await client.chat.completions.create({
        model,
        messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: tool.result }],
        tools,

      });
      assert.ok((answer.choices[0]?.message.content ?? '') !== '');
      assert.equal(answer.choices[0]?.message.tool_calls, undefined);
    });

    it('calls a tool in a stream', async () => {
      const stream = client.chat.completions.stream({ model, messages, tools });
      let done = 0;
      stream.on('tool_calls.function.arguments.done', () => {
        done += 1;
      });
      const answer = await stream.finalChatCompletion();
      assert.equal(done, 1);
      assert.equal(answer.choices[0]?.finish_reason, 'tool_calls');
      const call = answer.choices[0].message.tool_calls?.[0];
      assert.equal(call?.function.name, tool.name);
      tool.arguments.parse(JSON.parse(call.function.arguments));
    });

    for (const stream of [false, true] as const) {
      it(`runs tools by itself, ${stream ? 'streamed' : 'whole'}`, async () => {
        const given: unknown[] = [];
        const run = {
          model,
          messages,
          tools: [
            {
              type: 'function' as const,
              function: {
                name: tool.name,
                description: tool.description,
                parameters: tool.parameters,
                parse: (text: string) => tool.arguments.parse(JSON.parse(text)),
                function: (args: unknown) => {
                  given.push(args);
                  return tool.result;
                },
              },
            },
          ],
        };
        const runner = stream ? client.chat.completions.runTools({ ...run, stream }) : client.chat.completions.runTools(run);
        assert.ok(((await runner.finalContent()) ?? '') !== '');
        assert.equal(given.length, 1);
      });
    }

    it('reasons', async () => {
      const answer = await client.chat.completions.create({ model, messages, reasoning_effort: 'low' });
      assert.equal(words(answer.choices[0]?.message.content ?? ''), length);
      assert.equal(answer.usage?.completion_tokens, thoughts + length);
    });

    it('keeps to a schema', async () => {
      const answer = await client.chat.completions.parse({
        model,
        messages,
        response_format: zodResponseFormat(account, 'account'),
      });
      account.parse(answer.choices[0]?.message.parsed);
    });

    it('sees images', async () => {
      const question = `What is on this image, ${model}?`;
      const url = `data:image/png;base64,${pixel}`;
      await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: [{ type: 'text', text: question }, { type: 'image_url', image_url: { url } }] }],
        max_tokens: 50,
      });
      const [call] = await calls(question);
      assert.ok(call?.body.includes(pixel));
    });
  });
}
