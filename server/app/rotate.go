package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/vault"
)

type rotateCommand struct {
	NewKeyFile string        `placeholder:"FILE" help:"The new master key: a file with base64 of 32 bytes that nobody else can read. POOL_NEW_MASTER_KEY is another way."`
	NewKeyURL  string        `name:"new-key-url" placeholder:"URL" help:"A key service that makes the new master key, as POOL_MASTER_KEY_URL; where that is set already, the default is another key of the same."`
	Overlap    time.Duration `default:"10s" help:"How long running servers get to learn the new key before the old one is retired."`
}

// Validate is kong's.
func (c *rotateCommand) Validate() error {
	if c.Overlap < 0 {
		return errors.New("--overlap: must not be negative")
	}
	return nil
}

// actionRotated is in the audit log.
const actionRotated = "master_key.rotate"

// Run rotates beside running servers, or without one. Broken off, it goes on when it is run again; done, it says so.
func (c *rotateCommand) Run(e *environment) error {
	cfg, log, err := e.serverSettings()
	if err != nil {
		return err
	}
	next, err := cfg.NewMasterKey(c.NewKeyFile, c.NewKeyURL)
	if err != nil {
		return err
	}
	s, err := readDatabase(e.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.close()
	db, err := s.open(2)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return unmigrated(c.rotate(e, cfg, database.Ent(db), next))
}

func (c *rotateCommand) rotate(e *environment, cfg config.Config, client *ent.Client, next config.NewKey) error {
	keys, err := openVault(e.ctx, cfg, client, clock.System, rand.Reader)
	if errors.Is(err, vault.ErrRetired) && next.Service == nil {
		if _, err := vault.Open(e.ctx, client, next.Key, clock.System, rand.Reader); err == nil {
			_, err = fmt.Fprintln(e.stdout, "the new master key is in force already, and the old one retired")
			return err
		}
	}
	if err != nil {
		return err
	}
	to := vault.Given(next.Key)
	if next.Service != nil {
		to = vault.From(next.Service)
	}
	source := ids.NewSource(clock.System, rand.Reader)
	err = keys.Rotate(e.ctx, vault.Rotation{
		To: to, Overlap: c.Overlap,
		Host: func(at, baseURL string) string { return provider.Host(provider.Target{Provider: at, BaseURL: baseURL}) },
		Tell: func(format string, args ...any) { _, _ = fmt.Fprintf(e.stdout, format+"\n", args...) },
		Record: func(ctx context.Context, tx *ent.Client, from, to string) error {
			return journal.Audit(ctx, tx, journal.Event{
				ID: source.New(ids.Audit), At: clock.System.Now(), Action: actionRotated, Subject: to, Detail: map[string]any{"from": from},
			})
		},
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, "start servers with the new master key from now on; those that run have it, and destroy the old one")
	return err
}
