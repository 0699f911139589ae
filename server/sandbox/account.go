package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/resourcepool/resourcepool/server/money"
)

// models lists the models of the key, in the form of whom they are asked.
func (s *Server) models(c *call) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.prices)), func(name string) bool { return !c.key.may(name) })
}

// serveModels answers in Anthropic's form to who calls in its dialect, else in OpenAI's.
func (s *Server) serveModels() http.HandlerFunc {
	ofOpenAI, ofAnthropic := s.endpoint("models", openAI{}, s.listOpenAI), s.versioned("models", s.listAnthropic)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "" || r.Header.Get("Anthropic-Version") != "" {
			ofAnthropic(w, r)
			return
		}
		ofOpenAI(w, r)
	}
}

func (s *Server) listOpenAI(c *call) {
	if !c.wait() {
		return
	}
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := []model{}
	for _, name := range s.models(c) {
		list = append(list, model{name, "model", 1700000000, "sandbox"})
	}
	reply(c.w, map[string]any{"object": "list", "data": list})
}

func (s *Server) listAnthropic(c *call) {
	if !c.wait() {
		return
	}
	type model struct {
		Type        string `json:"type"`
		ID          string `json:"id"`
		DisplayName string `json:"display_name"`
		CreatedAt   string `json:"created_at"`
	}
	list := []model{}
	for _, name := range s.models(c) {
		list = append(list, model{"model", name, name, "2023-11-14T22:13:20Z"})
	}
	out := map[string]any{"data": list, "has_more": false, "first_id": nil, "last_id": nil}
	if len(list) > 0 {
		out["first_id"], out["last_id"] = list[0].ID, list[len(list)-1].ID
	}
	reply(c.w, out)
}

func (s *Server) listGemini(c *call) {
	if !c.wait() {
		return
	}
	type model struct {
		Name             string   `json:"name"`
		DisplayName      string   `json:"displayName"`
		InputTokenLimit  int      `json:"inputTokenLimit"`
		OutputTokenLimit int      `json:"outputTokenLimit"`
		Methods          []string `json:"supportedGenerationMethods"`
	}
	list := []model{}
	for _, name := range s.models(c) {
		list = append(list, model{"models/" + name, name, 1 << 20, 1 << 16, []string{"generateContent"}})
	}
	reply(c.w, map[string]any{"models": list})
}

func number(a money.USD) json.Number { return json.Number(a.String()) }

// funds are what balance calls tell. What was taken beyond the quota is not told.
type funds struct {
	quota, used, usedByKey, left money.USD
	currency                     string
}

// balance makes the handler of a balance call.
func (s *Server) balance(tell func(funds) any) http.HandlerFunc {
	return s.endpoint("balance", openAI{}, func(c *call) {
		if !c.wait() {
			return
		}
		s.mu.Lock()
		f := funds{quota: c.key.account.quota, used: c.key.account.used, usedByKey: c.key.used, currency: orElse(c.key.spec.Currency, "USD")}
		s.mu.Unlock()
		f.left = max(f.quota-f.used, 0)
		reply(c.w, tell(f))
	})
}

func deepseekBalance(f funds) any {
	return map[string]any{"is_available": f.left > 0, "balance_infos": []any{
		map[string]any{"currency": f.currency, "total_balance": f.left.String(), "granted_balance": "0", "topped_up_balance": f.left.String()},
	}}
}

// openrouterKey tells the limit of the key, which is what the account has.
func openrouterKey(f funds) any {
	return map[string]any{"data": map[string]any{
		"label": "sandbox", "usage": number(f.usedByKey), "limit": number(f.quota), "limit_remaining": number(f.left), "limit_reset": nil, "is_free_tier": false,
	}}
}

func openrouterCredits(f funds) any {
	return map[string]any{"data": map[string]any{"total_credits": number(f.quota), "total_usage": number(f.used)}}
}

// siliconflowInfo is in CNY, which it does not say.
func siliconflowInfo(f funds) any {
	left := f.left.String()
	return map[string]any{"code": 20000, "message": "OK", "status": true, "data": map[string]any{
		"status": "normal", "balance": "0", "chargeBalance": left, "totalBalance": left,
	}}
}

func moonshotBalance(f funds) any {
	left := number(f.left)
	return map[string]any{"code": 0, "scode": "0x0", "status": true, "data": map[string]any{
		"available_balance": left, "voucher_balance": json.Number("0"), "cash_balance": left,
	}}
}
