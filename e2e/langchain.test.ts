import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';

import { baseURL, Consumer } from './pool.ts';
import { account, length, models, prompt, tool as rate, words } from './question.ts';

let apiKey: string;
before(async () => {
  apiKey = (await Consumer.join('langchain', '100')).token;
});

const exchangeRate = tool(() => rate.result, { name: rate.name, description: rate.description, schema: rate.arguments });

for (const model of Object.values(models)) {
  for (const useResponsesApi of [false, true]) {
    describe(`langchain, ${useResponsesApi ? 'responses of' : 'chat with'} ${model}`, () => {
      const chat = () => new ChatOpenAI({ model, apiKey, useResponsesApi, configuration: { baseURL: baseURL() } });

      it('invokes', async () => {
        const answer = await chat().invoke(prompt);
        assert.equal(words(answer.text), length);
        assert.equal(answer.usage_metadata?.output_tokens, length);
      });

      it('streams', async () => {
        let text = '';
        let tokens = 0;
        for await (const chunk of await chat().stream(prompt)) {
          text += chunk.text;
          tokens += chunk.usage_metadata?.output_tokens ?? 0;
        }
        assert.equal(words(text), length);
        assert.equal(tokens, length);
      });

      it('calls a tool and goes on with its result', async () => {
        const bound = chat().bindTools([exchangeRate]);
        const asked = await bound.invoke(prompt);
        const call = asked.tool_calls?.[0];
        assert.equal(call?.name, rate.name);
        rate.arguments.parse(call.args);
        const result: unknown = await exchangeRate.invoke({ ...call, type: 'tool_call' });
        assert.ok(result instanceof ToolMessage);
        const answer = await bound.invoke([new HumanMessage(prompt), asked, result]);
        assert.equal(words(answer.text), length);
      });

      it('calls a tool in a stream', async () => {
        const stream = await chat().bindTools([exchangeRate]).stream(prompt);
        let all;
        for await (const chunk of stream) {
          all = all === undefined ? chunk : all.concat(chunk);
        }
        assert.equal(all?.tool_calls?.length, 1);
        rate.arguments.parse(all.tool_calls[0]?.args);
      });

      for (const method of ['jsonSchema', 'functionCalling'] as const) {
        it(`keeps to a schema by ${method}`, async () => {
          account.parse(await chat().withStructuredOutput(account, { method, name: 'account' }).invoke(prompt));
        });
      }
    });
  }
}

describe('langchain', () => {
  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({
      model: 'text-embedding-3-small',
      apiKey,
      dimensions: 256,
      configuration: { baseURL: baseURL() },
    });
    const [bank, river] = await embeddings.embedDocuments(['bank', 'river']);
    assert.equal(bank?.length, 256);
    assert.notDeepEqual(river, bank);
    assert.deepEqual(await embeddings.embedQuery('bank'), bank);
  });
});
