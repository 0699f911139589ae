package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

// route is a way to ask for a chat.
type route struct {
	name     string
	path     string
	pooled   bool // over the pool, else at the upstream itself
	streamed bool
	body     func(w *world, r *route) any
	read     func(r *http.Response, body []byte) (answer, error)
}

// answer is what of an answer has to be right.
type answer struct {
	text    string
	finish  string
	tokens  int64 // as the usage says
	charged string
}

// routes are the cases, each bare one before those of the pool that stand beside it.
var routes = []*route{
	{name: "bare", path: "/v1/chat/completions", body: chat, read: readChat},
	{name: "v1", path: "/v1/chat/completions", pooled: true, body: chat, read: readChat},
	{name: "graphql", path: "/graphql", pooled: true, body: document, read: readGraphQL},
	{name: "bare-stream", path: "/v1/chat/completions", streamed: true, body: chat, read: readStream},
	{name: "v1-stream", path: "/v1/chat/completions", pooled: true, streamed: true, body: chat, read: readStream},
}

func names() []string {
	var out []string
	for _, r := range routes {
		out = append(out, r.name)
	}
	return out
}

func named(name string) *route {
	for _, r := range routes {
		if r.name == name {
			return r
		}
	}
	return nil
}

func (w *world) prompt() string {
	return strings.Repeat("How does a bank for keys work? ", w.o.prompt/31+1)[:w.o.prompt]
}

// chat is the request in OpenAI's dialect.
func chat(w *world, r *route) any {
	in := vars{"model": model, "messages": []vars{{"role": "user", "content": w.prompt()}}, "max_tokens": 2 * w.o.answer}
	if r.streamed {
		in["stream"], in["stream_options"] = true, vars{"include_usage": true}
	}
	return in
}

// document is the same request in GraphQL.
func document(w *world, _ *route) any {
	return vars{
		"query": `mutation($i: CompleteInput!) { complete(input: $i) { completion { id model content finishReason promptTokens completionTokens totalTokens } creditsCharged } }`,
		"variables": vars{"i": vars{
			"model": model, "messages": []vars{{"role": "USER", "content": w.prompt()}}, "maxTokens": 2 * w.o.answer,
		}},
	}
}

// request writes the whole HTTP request of a consumer once: it is sent as it stands again and again.
func (w *world) request(r *route, consumer int) []byte {
	body, _ := json.Marshal(r.body(w, r)) // of texts and numbers: can't fail
	address, token := w.upstreamAt, bareKey
	if r.pooled {
		address, token = w.poolAt, w.tokens[consumer%len(w.tokens)]
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		r.path, address, token, len(body), body)
}

func readChat(r *http.Response, body []byte) (answer, error) {
	choice := gjson.GetBytes(body, "choices.0")
	return answer{
		text: choice.Get("message.content").String(), finish: choice.Get("finish_reason").String(),
		tokens: gjson.GetBytes(body, "usage.completion_tokens").Int(), charged: r.Header.Get("X-Credits-Charged"),
	}, nil
}

func readGraphQL(_ *http.Response, body []byte) (answer, error) {
	c := gjson.GetBytes(body, "data.complete")
	completion := c.Get("completion")
	return answer{
		text: completion.Get("content").String(), finish: strings.ToLower(completion.Get("finishReason").String()),
		tokens: completion.Get("completionTokens").Int(), charged: c.Get("creditsCharged").String(),
	}, nil
}

const chargedComment = ": credits charged "

// readStream puts the events of a stream together.
func readStream(_ *http.Response, body []byte) (a answer, err error) {
	var text strings.Builder
	done := false
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\n")
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		switch {
		case done && len(line) > 0:
			return a, errors.New("something comes after the end of a stream")
		case bytes.HasPrefix(line, []byte(chargedComment)):
			a.charged = string(line[len(chargedComment):])
		case !ok:
		case string(data) == "[DONE]":
			done = true
		default:
			e := gjson.ParseBytes(data)
			choice := e.Get("choices.0")
			text.WriteString(choice.Get("delta.content").String())
			if finish := choice.Get("finish_reason"); finish.Type == gjson.String {
				a.finish = finish.Str
			}
			a.tokens += e.Get("usage.completion_tokens").Int()
		}
	}
	if !done {
		return a, errors.New("a stream broke off")
	}
	a.text = text.String()
	return a, nil
}

// hasContent reports whether the first words of a streamed answer are there.
func hasContent(events []byte) bool {
	for {
		_, after, ok := bytes.Cut(events, []byte(`"content":"`))
		if !ok || len(after) == 0 {
			return false
		}
		if after[0] != '"' {
			return true
		}
		events = after
	}
}

// check compares an answer with what every answer has to be, and returns what was charged for it.
func (a answer) check(w *world, pooled bool, first *string) (money.Credits, error) {
	if *first == "" {
		*first = a.text
	}
	switch {
	case a.text != *first:
		return 0, errors.New("the same request got another answer")
	case len(strings.Fields(a.text)) != w.o.answer || a.tokens != int64(w.o.answer):
		return 0, fmt.Errorf("an answer of %d tokens that says it has %d, instead of %d", len(strings.Fields(a.text)), a.tokens, w.o.answer)
	case a.finish != "stop":
		return 0, fmt.Errorf("an answer that ended by %q", a.finish)
	case !pooled:
		return 0, nil
	}
	charged, err := money.Parse[money.Credits](a.charged)
	if err == nil && charged <= 0 {
		err = errors.New("nothing was charged")
	}
	return charged, err
}
