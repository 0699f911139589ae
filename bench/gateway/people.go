package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"
)

type vars = map[string]any

// person is somebody at the program's GraphQL, signed in by a cookie.
type person struct {
	url  string
	http *http.Client
}

func (w *world) person() (*person, error) {
	jar, err := cookiejar.New(nil)
	return &person{url: "http://" + w.poolAt + "/graphql", http: &http.Client{Jar: jar, Transport: plain.Transport, Timeout: time.Minute}}, err
}

// do sends a document and returns what of its data stands at path.
func (p *person) do(ctx context.Context, document string, input vars, path string) (string, error) {
	body, err := json.Marshal(vars{"query": document, "variables": input})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.http.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if found := gjson.GetBytes(raw, "data."+path); found.Exists() && !gjson.GetBytes(raw, "errors").Exists() {
		return found.String(), nil
	}
	return "", fmt.Errorf("%s: %.500s", document, raw)
}

// populate sets the price, adds the platform's keys, and signs the consumers up, each with Credits and an API token.
func (w *world) populate(ctx context.Context) error {
	admin, err := w.person()
	if err != nil {
		return err
	}
	_, err = admin.do(ctx, `mutation($i: SignInInput!) { signIn(input: $i) { viewer { id } } }`, vars{"i": vars{"email": adminEmail, "password": adminPassword}}, "signIn.viewer.id")
	if err != nil {
		return err
	}
	if _, err := admin.do(ctx, `mutation($i: SetModelPriceInput!) { setModelPrice(input: $i) { id } }`, vars{"i": vars{
		"model": model, "provider": "openai", "inputCostPerMillion": "10", "outputCostPerMillion": "30", "inputPricePerMillion": "3000", "outputPricePerMillion": "10000",
	}}, "setModelPrice.id"); err != nil {
		return err
	}
	for _, key := range platformKeys() {
		if _, err := admin.do(ctx, `mutation($i: DepositInput!) { addPlatformResource(input: $i) { id } }`, vars{"i": vars{
			"provider": "openai", "apiKey": key, "quota": quota,
		}}, "addPlatformResource.id"); err != nil {
			return err
		}
	}
	w.tokens = make([]string, consumers)
	people, ctx := errgroup.WithContext(ctx)
	people.SetLimit(4)
	for i := range w.tokens {
		people.Go(func() (err error) {
			w.tokens[i], err = w.consumer(ctx, admin, i)
			return err
		})
	}
	return people.Wait()
}

// consumer signs somebody up, with Credits, and returns their API token.
func (w *world) consumer(ctx context.Context, admin *person, i int) (token string, err error) {
	p, err := w.person()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("consumer%d", i)
	id, err := p.do(ctx, `mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id } } }`,
		vars{"i": vars{"email": name + "@example.org", "password": "password of " + name, "displayName": name}}, "signUp.viewer.id")
	if err != nil {
		return "", err
	}
	_, granting := admin.do(ctx, `mutation($u: ID!, $a: Credits!) { grantCredits(userId: $u, amount: $a, memo: "For the benchmark") { seq } }`,
		vars{"u": id, "a": granted}, "grantCredits.seq")
	token, err = p.do(ctx, `mutation { createApiToken(input: {name: "bench"}) { secret } }`, nil, "createApiToken.secret")
	return token, errors.Join(granting, err)
}
