package provider

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// modelPages is how many pages of a list of models are read: each has a thousand, more than any provider offers.
const modelPages = 5

// list asks which models the key may call. The header is that of the first answer.
func (v *verifier) list(ctx context.Context) ([]string, http.Header, *Failure) {
	p := v.e.provider
	if call := p.proofCall(); call != "models" {
		if _, f := v.c.read(ctx, v.e, v.k.Reveal(), call); f != nil {
			return nil, nil, f
		}
	}
	pages := pages[p.dialect]
	var names []string
	var head http.Header
	query := pages.query()
	for range modelPages {
		to := v.e.base.JoinPath("models")
		to.RawQuery = query.Encode()
		body, h, f := v.c.get(ctx, v.e, v.k.Reveal(), to)
		if head == nil {
			head = h
		}
		if f != nil {
			return nil, head, f
		}
		names = append(names, modelNames(p, body)...)
		next := text(gjson.GetBytes(body, pages.cursor))
		if pages.next == "" || next == "" || pages.over(body) || len(names) >= maxModels {
			break
		}
		query.Set(pages.next, next)
	}
	slices.Sort(names)
	return slices.Compact(names), head, nil
}

// paging is how a dialect hands out a list in pages.
type paging struct{ size, number, cursor, next, more string }

var pages = map[dialectName]paging{
	anthropicDialect: {size: "limit", number: "1000", cursor: "last_id", next: "after_id", more: "has_more"},
	geminiDialect:    {size: "pageSize", number: "1000", cursor: "nextPageToken", next: "pageToken"},
}

func (p paging) query() url.Values {
	if p.size == "" {
		return url.Values{}
	}
	return url.Values{p.size: {p.number}}
}

func (p paging) over(body []byte) bool { return p.more != "" && !gjson.GetBytes(body, p.more).Bool() }

// modelNames reads a models list: {"data": [{"id": …}]}, Google's {"models": [{"name": "models/…"}]}, or the bare list that
// Together answers.
func modelNames(p *Provider, body []byte) []string {
	list := first(gjson.GetBytes(body, "data"), gjson.GetBytes(body, "models"))
	if !list.IsArray() {
		list = gjson.ParseBytes(body)
	}
	var out []string
	list.ForEach(func(_, m gjson.Result) bool {
		if id := modelName(p, m); id != "" && len(id) <= 200 && strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0 {
			out = append(out, id)
			if base := dated.ReplaceAllString(id, ""); p.auth == apiKey && base != "" {
				out = append(out, base)
			}
		}
		return len(out) < maxModels
	})
	return out
}

// dated is the version at the end of a model of Azure. What a key calls there are deployments, which the API does not list;
// they are commonly named after the model, without its version, so that both names are offered. A model without a
// deployment answers 404, which costs the key that model alone.
var dated = regexp.MustCompile(`-20\d\d-\d\d-\d\d$|-[01]\d[0-3]\d$`)

// modelName is the name of a model that the pool can use, "" for any other.
func modelName(p *Provider, m gjson.Result) string {
	switch {
	case p.dialect == geminiDialect:
		for _, method := range m.Get("supportedGenerationMethods").Array() {
			if method.Str == "generateContent" || method.Str == "embedContent" {
				return strings.TrimPrefix(text(m.Get("name")), "models/")
			}
		}
		return ""
	case m.Get("capabilities.inference").Type == gjson.False: // Azure: can be tuned only
		return ""
	}
	return text(m.Get("id"))
}

// token asks model for one token, which shows that the key has credit.
func (v *verifier) token(ctx context.Context, model string) *Failure {
	switch v.e.provider.dialect {
	case anthropicDialect:
		return v.post(ctx, v.e.base.JoinPath("messages"), `{"model":`+quoted(model)+`,"max_tokens":1,"messages":[{"role":"user","content":"Hi"}]}`)
	case geminiDialect:
		to := v.e.base.JoinPath("models", url.PathEscape(model)+":generateContent")
		return v.post(ctx, to, `{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":1}}`)
	}
	_, f := v.c.Chat(ctx, ChatRequest{
		Target: v.t, Key: v.k, Model: model, MaxTokens: 1, Messages: []Message{{Role: "user", Content: "Hi"}}, Reasons: reasons(v.t.Provider, model),
	})
	return f
}

// post makes a call whose answer matters only for being one.
func (v *verifier) post(ctx context.Context, to *url.URL, body string) *Failure {
	answer, _, f := v.c.exchange(ctx, v.e, v.k.Reveal(), to, []byte(body))
	if f == nil && !gjson.ParseBytes(answer).IsObject() {
		f = v.c.note(v.e, failed(Unreadable, http.StatusOK, errNoAnswer))
	}
	return f
}

func quoted(s string) string { return string(gjson.AppendJSONString(nil, s)) }
