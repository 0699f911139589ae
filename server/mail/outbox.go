package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
)

const (
	purpose   = "mail"
	pollEvery = 5 * time.Second // for mails that another server put in and did not live to send
	batch     = 10
	keepFor   = 24 * time.Hour
	firstWait = time.Minute // doubles
	longest   = time.Hour
)

// Message is a mail to one person, in plain text.
type Message struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Sealer is the vault.
type Sealer interface {
	SealBlob(purpose string, plain []byte) ([]byte, error)
	OpenBlob(purpose string, sealed []byte) ([]byte, error)
}

// Deps is what an Outbox stands on.
type Deps struct {
	Client *ent.Client
	Server *Server
	Sealer Sealer
	Clock  clock.Clock
	IDs    *ids.Source
	Log    *slog.Logger
}

// Outbox holds mails until they are sent. It is safe for concurrent use.
type Outbox struct {
	Deps
	wake chan struct{}
}

// New returns an outbox. Run sends what is in it.
func New(d Deps) *Outbox { return &Outbox{Deps: d, wake: make(chan struct{}, 1)} }

// Put puts a mail into the outbox, within the caller's transaction. Wake sends it soon after the commit.
func (o *Outbox) Put(ctx context.Context, tx journal.Execer, m Message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	sealed, err := o.Sealer.SealBlob(purpose, text)
	if err != nil {
		return err
	}
	return put(ctx, tx, o.IDs.New(ids.Mail), sealed, o.Clock.Now())
}

// Wake has the outbox looked through now.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run sends mails until ctx is done. It always returns nil: what can't be sent waits.
func (o *Outbox) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		for {
			n, err := o.send(ctx)
			if err != nil && ctx.Err() == nil {
				o.Log.WarnContext(ctx, "mail: the outbox can't be read", "err", err)
			}
			if n < batch || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		case <-tick.C:
		}
	}
}

// send takes mails that are due, each for as long as sending it may take, and sends them.
func (o *Outbox) send(ctx context.Context) (int, error) {
	due, err := take(ctx, o.Client, o.Clock.Now(), 2*timeout, batch)
	if err != nil {
		return 0, err
	}
	for _, m := range due {
		if err := o.deliver(ctx, m); err != nil {
			return len(due), err
		}
	}
	return len(due), nil
}

// deliver sends one mail. Its errors are the database's.
func (o *Outbox) deliver(ctx context.Context, q queued) error {
	err := o.hand(ctx, q)
	now := o.Clock.Now()
	var refused *gomail.SendError
	switch {
	case err == nil:
		return drop(ctx, o.Client, q.id)
	case ctx.Err() != nil:
		return ctx.Err() // another server takes it when its time is up
	case errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500, now.Sub(q.at) > keepFor:
		o.Log.ErrorContext(ctx, "mail: given up", "mail", q.id, "attempts", q.attempts, "err", err)
		return drop(ctx, o.Client, q.id)
	}
	o.Log.WarnContext(ctx, "mail: not sent yet", "mail", q.id, "attempts", q.attempts, "err", err)
	wait := min(firstWait<<min(q.attempts-1, 10), longest)
	return later(ctx, o.Client, q.id, now.Add(wait), err.Error())
}

// hand gives the mail to the mail server.
func (o *Outbox) hand(ctx context.Context, q queued) error {
	text, err := o.Sealer.OpenBlob(purpose, q.sealed)
	if err != nil {
		return err
	}
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	msg := gomail.NewMsg()
	msg.FromMailAddress(&o.Server.from)
	if err := msg.To(m.To); err != nil {
		return err
	}
	msg.Subject(m.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetDateWithValue(q.at)
	client, err := o.Server.client()
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, msg)
}
