package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// mostAtOnce bounds the demo's own load on a slow machine.
const mostAtOnce = 16

// models are what the demo asks, the cheap ones more often.
var models = []string{"gpt-4o-mini", "gpt-4o-mini", "gpt-4o-mini", "gpt-4.1-mini", "gpt-4o", "gpt-4.1", "gpt-4", "claude-haiku-4-5", "gemini-2.5-flash"}

// traffic sends requests of realistic sizes, and funds whoever runs low, until ctx ends.
func (d *demo) traffic(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, mostAtOnce)
	refill := time.NewTicker(30 * time.Second)
	defer refill.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-refill.C:
			d.refill(ctx)
		case <-next.C:
			next.Reset(d.pause())
			select {
			case slots <- struct{}{}:
			default:
				continue
			}
			c, in := d.consumers[d.Rand.IntN(len(d.consumers))], d.request()
			running.Go(func() {
				defer func() { <-slots }()
				if err := c.do(ctx, `mutation($i: CompleteInput!) { complete(input: $i) { creditsCharged } }`, vars{"i": in}, nil); err != nil && ctx.Err() == nil {
					d.Log.InfoContext(ctx, "demo: a request was not served", "err", err)
				}
			})
		}
	}
}

// request is a prompt of a size as real ones have, and a cap on the answer.
func (d *demo) request() vars {
	mixture := sandbox.Chat
	if d.Rand.IntN(4) == 0 {
		mixture = sandbox.Code
	}
	prompt, completion := mixture.Sizes(d.Rand)
	return vars{
		"model":     models[d.Rand.IntN(len(models))],
		"messages":  []vars{{"role": "USER", "content": sandbox.Text(min(max(prompt, 1), 8000), d.Rand.Uint64())}},
		"maxTokens": min(max(completion, 1), 4000),
	}
}

// refill grants Credits to whoever would soon stop for want of them.
func (d *demo) refill(ctx context.Context) {
	for _, c := range d.consumers {
		var w struct {
			Viewer struct {
				Wallet struct{ Available money.Credits }
			}
		}
		err := c.do(ctx, `{ viewer { wallet { available } } }`, nil, &w)
		if err == nil && w.Viewer.Wallet.Available < 40*money.One {
			err = d.grant(ctx, c, "100", fmt.Sprintf("refill %s %d", c.id, d.Rand.Uint64()))
		}
		if err != nil && ctx.Err() == nil {
			d.Log.InfoContext(ctx, "demo: a wallet was not refilled", "err", err)
		}
	}
}

// NewRand returns the randomness of the demo's traffic.
func NewRand() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) } //nolint:gosec // sizes of requests, no secrets
