package provider

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

// funds is what a provider says about the credit of a key.
type funds struct {
	balance *money.USD // nil where it was not told, or not in USD
	ceiling *money.USD // the most that the key may spend, which proves no credit
	proven  bool       // there is credit, whatever its amount
	empty   bool       // there is none
}

// balanceCall asks a provider for the balance of a key. A provider that does not answer it in a form we know yields funds
// that say nothing.
type balanceCall func(ctx context.Context, c *Client, e *endpoint, key string) (funds, *Failure)

// deepseekBalance reads GET /user/balance. An account in another currency has credit, but no balance that compares.
func deepseekBalance(ctx context.Context, c *Client, e *endpoint, key string) (funds, *Failure) {
	body, f := c.read(ctx, e, key, "user", "balance")
	if f != nil {
		return funds{}, f
	}
	root := gjson.ParseBytes(body)
	if root.Get("is_available").Type == gjson.False {
		return funds{empty: true}, nil
	}
	var out funds
	root.Get("balance_infos").ForEach(func(_, info gjson.Result) bool {
		total, ok := decimal(info.Get("total_balance"))
		switch {
		case !ok:
		case info.Get("currency").String() == "USD":
			out.balance = &total
		case total > 0:
			out.proven = true
		}
		return true
	})
	if out.balance != nil && *out.balance == 0 && out.proven {
		out.balance = nil // the credit is in the other currency
	}
	out.proven = out.proven || (out.balance != nil && *out.balance > 0)
	return out, nil
}

// openrouterBalance reads GET /credits, the account's balance, which not every key may see, and GET /key, the key's own limit.
func openrouterBalance(ctx context.Context, c *Client, e *endpoint, key string) (funds, *Failure) {
	body, f := c.read(ctx, e, key, "key")
	if f != nil {
		return funds{}, f
	}
	var out funds
	if left, ok := decimal(gjson.GetBytes(body, "data.limit_remaining")); ok {
		out.ceiling = &left
		out.empty = left == 0
	}
	body, f = c.read(ctx, e, key, "credits")
	switch {
	case f != nil && (f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden || f.Status == http.StatusNotFound):
		return out, nil
	case f != nil:
		return funds{}, f
	}
	total, ok1 := decimal(gjson.GetBytes(body, "data.total_credits"))
	used, ok2 := decimal(gjson.GetBytes(body, "data.total_usage"))
	if !ok1 || !ok2 {
		return out, nil
	}
	left := max(total-used, 0)
	if out.ceiling != nil {
		left = min(left, *out.ceiling)
	}
	out.balance, out.ceiling = &left, nil
	out.proven = left > 0
	return out, nil
}

// moonshotBalance reads GET /users/me/balance. The answer names no currency: it is that of the site.
func moonshotBalance(usd bool) balanceCall {
	return func(ctx context.Context, c *Client, e *endpoint, key string) (funds, *Failure) {
		body, f := c.read(ctx, e, key, "users", "me", "balance")
		if f != nil {
			return funds{}, f
		}
		left, ok := decimal(gjson.GetBytes(body, "data.available_balance"))
		if usd {
			return inUSD(left, ok), nil
		}
		return otherCurrency(left, ok), nil
	}
}

// siliconflowBalance reads GET /user/info, which tells in CNY what was given and what was paid for, together.
func siliconflowBalance(ctx context.Context, c *Client, e *endpoint, key string) (funds, *Failure) {
	body, f := c.read(ctx, e, key, "user", "info")
	if f != nil {
		return funds{}, f
	}
	root := gjson.ParseBytes(body)
	if root.Get("code").Int() != 20000 {
		return funds{}, nil
	}
	return otherCurrency(decimal(first(root.Get("data.totalBalance"), root.Get("data.balance")))), nil
}

const unlimited = 1_000_000 * money.One // relays write 10⁸ for a key without a limit

// relayBalance asks as OpenAI's dashboard once did, which relays still answer: the limit of the subscription less what was
// used, in cents, else the credit grants. It is for addresses of an admin's choice only; OpenAI itself refuses keys there.
// What is not answered with success says nothing about the key, since a relay may well lack these pages or guard them.
func relayBalance(ctx context.Context, c *Client, e *endpoint, key string) (funds, *Failure) {
	page := func(query string, path ...string) (gjson.Result, bool) {
		to := e.base.JoinPath(append([]string{"dashboard", "billing"}, path...)...)
		to.RawQuery = query
		body, _, f := c.get(ctx, e, key, to)
		return gjson.ParseBytes(body), f == nil
	}
	if sub, ok := page("", "subscription"); ok {
		limit, ok := decimal(sub.Get("hard_limit_usd"))
		if !ok || limit == 0 || limit >= money.USD(unlimited) {
			return funds{}, nil
		}
		today := c.clock.Now().UTC()
		query := "start_date=" + today.AddDate(0, 0, -99).Format(time.DateOnly) + "&end_date=" + today.AddDate(0, 0, 1).Format(time.DateOnly)
		usage, ok := page(query, "usage")
		if !ok {
			return funds{}, nil
		}
		cents, ok := decimal(usage.Get("total_usage"))
		return inUSD(max(limit-cents/100, 0), ok), nil
	}
	grants, ok := page("", "credit_grants")
	if !ok {
		return funds{}, nil
	}
	return inUSD(decimal(first(grants.Get("total_available"), grants.Get("total_remaining")))), nil
}

func inUSD(left money.USD, ok bool) funds {
	if !ok {
		return funds{}
	}
	return funds{balance: &left, proven: left > 0}
}

// otherCurrency is credit that proves itself but compares with nothing.
func otherCurrency(left money.USD, ok bool) funds {
	return funds{proven: ok && left > 0, empty: ok && left == 0}
}

// decimal reads an amount from a string or a number: rounded down at 10⁻⁹, a debt as 0.
func decimal(r gjson.Result) (money.USD, bool) {
	s := r.Raw
	if r.Type == gjson.String {
		s = strings.TrimSpace(r.Str)
	} else if r.Type != gjson.Number {
		return 0, false
	}
	if whole, frac, ok := strings.Cut(s, "."); ok && len(frac) > 9 && strings.Trim(frac, "0123456789") == "" {
		s = whole + "." + frac[:9]
	}
	a, err := money.Parse[money.USD](s)
	return max(a, 0), err == nil
}

// read gets a small JSON document beside the base address.
func (c *Client) read(ctx context.Context, e *endpoint, key string, path ...string) ([]byte, *Failure) {
	body, _, f := c.get(ctx, e, key, e.base.JoinPath(path...))
	return body, f
}

func (c *Client) get(ctx context.Context, e *endpoint, key string, to *url.URL) ([]byte, http.Header, *Failure) {
	return c.exchange(ctx, e, key, to, nil)
}

// exchange makes a call of a test and returns the JSON document of its answer: a POST where it has a body.
func (c *Client) exchange(ctx context.Context, e *endpoint, key string, to *url.URL, request []byte) ([]byte, http.Header, *Failure) {
	resp, f := c.send(ctx, e, to, key, request, nil)
	if f != nil {
		return nil, nil, f
	}
	if resp.StatusCode != http.StatusOK {
		return nil, resp.Header, c.refused(e, resp, key)
	}
	defer resp.Body.Close()
	body, err := readBody(resp.Body, resp.ContentLength, nil, maxBody)
	if err != nil {
		return nil, resp.Header, c.broken(ctx, e, resp.StatusCode, err)
	}
	if !Readable(body) {
		return nil, resp.Header, c.note(e, failed(Unreadable, resp.StatusCode, errNoAnswer))
	}
	if e2, ok := readError(body); ok {
		return nil, resp.Header, c.note(e, inBody(e.provider, resp.Header, e2, key, c.clock))
	}
	return body, resp.Header, nil
}
