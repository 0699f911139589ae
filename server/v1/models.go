package v1

import (
	"net/http"
	"strconv"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
)

// listed is a model as OpenAI lists it, with what it costs here.
type listed struct {
	ID            string  `json:"id"`
	Object        string  `json:"object"`
	Created       int64   `json:"created"`
	OwnedBy       string  `json:"owned_by"`
	ContextLength int64   `json:"context_length,omitempty"`
	Alias         string  `json:"alias_of,omitempty"`
	Pricing       pricing `json:"pricing"`
}

// pricing is in Credits.
type pricing struct {
	Input   string `json:"input_per_million"`
	Output  string `json:"output_per_million"`
	Minimum string `json:"minimum_charge"`
}

// since is when the catalogue was made: models have no date of their own.
var since = func() time.Time {
	t, _ := time.Parse(time.DateOnly, provider.CatalogueDate)
	return t
}()

// list returns the models that the caller may ask and that a key serves now, by name.
func (s *server) list(r *http.Request, actor *access.Actor) ([]listed, error) {
	models, err := s.Prices.Models(r.Context())
	if err != nil {
		return nil, err
	}
	aliases, err := s.Prices.Aliases(r.Context())
	if err != nil {
		return nil, err
	}
	out := []listed{}
	at := map[string]int{}
	for i := range models {
		m := &models[i]
		if !m.Available || !actor.MayAsk(m.Name) {
			continue
		}
		n, known := at[m.Name]
		if !known {
			n = len(out)
			at[m.Name] = n
			out = append(out, listedOf(m))
		}
		if w := m.ContextWindow; w != nil {
			out[n].ContextLength = max(out[n].ContextLength, *w)
		}
	}
	for _, a := range aliases {
		if n, ok := at[a.Model]; ok {
			named := out[n]
			named.ID, named.Alias = a.Name, a.Model
			out = append(out, named)
		}
	}
	return out, nil
}

func listedOf(m *pool.Model) listed {
	return listed{
		ID: m.Name, Object: "model", Created: since.Unix(), OwnedBy: "resourcepool",
		Pricing: pricing{Input: money.Format(m.InputPrice), Output: money.Format(m.OutputPrice), Minimum: money.Format(m.MinimumCharge)},
	}
}

// models lists them, in Anthropic's form for Anthropic's clients.
func (s *server) models(w http.ResponseWriter, r *http.Request, actor *access.Actor) {
	list, err := s.list(r, actor)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !speaksAnthropic(r) {
		reply(w, map[string]any{"object": "list", "data": list})
		return
	}
	data := make([]map[string]any, len(list))
	for i, m := range list {
		data[i] = anthropicModel(m)
	}
	out := map[string]any{"data": data, "has_more": false, "first_id": nil, "last_id": nil}
	if len(list) > 0 {
		out["first_id"], out["last_id"] = list[0].ID, list[len(list)-1].ID
	}
	reply(w, out)
}

func anthropicModel(m listed) map[string]any {
	return map[string]any{"type": "model", "id": m.ID, "display_name": m.ID, "created_at": since.Format(time.RFC3339)}
}

func (s *server) model(w http.ResponseWriter, r *http.Request, actor *access.Actor) {
	list, err := s.list(r, actor)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name := r.PathValue("model")
	for _, m := range list {
		if m.ID != name {
			continue
		}
		if speaksAnthropic(r) {
			reply(w, anthropicModel(m))
		} else {
			reply(w, m)
		}
		return
	}
	s.fail(w, r, gateway.UnknownModel(name, s.Prices.Near(name)))
}

// countTokens counts the prompt of a message. Nothing is sent and nothing charged.
func (s *server) countTokens(w http.ResponseWriter, r *http.Request, actor *access.Actor) {
	accepted, err := s.accept(w, r, actor, gateway.Call{Kind: provider.KindMessages, Uncapped: true})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	reply(w, map[string]any{"input_tokens": accepted.PromptTokens()})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(written(v))
}

// limits tells how many requests the caller may send yet, in the words of OpenAI's clients and in those that are to become
// everybody's.
func (s *server) limits(w http.ResponseWriter, caller limit.Caller) {
	most, left, reset, ok := s.Requests.State(caller)
	if !ok {
		return
	}
	h := w.Header()
	policy, state := s.Requests.Fields(caller)
	h.Set("RateLimit-Policy", policy)
	h.Set("RateLimit", state)
	h.Set("X-RateLimit-Limit-Requests", strconv.Itoa(most))
	h.Set("X-RateLimit-Remaining-Requests", strconv.Itoa(left))
	h.Set("X-RateLimit-Reset-Requests", strconv.FormatInt(int64((reset+time.Second-1)/time.Second), 10)+"s")
}
