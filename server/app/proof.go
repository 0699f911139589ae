package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/httpd"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/statement"
)

// prove makes what signs the ledger's checkpoints and proves with them, and what writes statements.
func (s *Server) prove(o Options, policy *access.Policy, source *ids.Source) error {
	key, err := o.Config.SigningKey(o.Rand)
	if err != nil {
		return err
	}
	place, err := o.Config.Checkpoints()
	if err != nil {
		return fmt.Errorf("POOL_CHECKPOINTS: %w", err)
	}
	s.keeper = checkpoint.NewKeeper(checkpoint.Deps{DB: s.books, Leases: s.ledger, Key: key, Place: place, Clock: o.Clock, IDs: source, Log: o.Log})
	s.statements = statement.New(statement.Deps{Open: func(ctx context.Context, user ids.ID, from, to *time.Time) (statement.Pages, error) {
		return s.ledger.Statement(ctx, user, from, to)
	}, Policy: policy, Clock: o.Clock})
	s.proofs = checkpoint.NewProofs(checkpoint.ProofsDeps{DB: s.requests, Policy: policy, Keys: key.Verifiers()})
	return nil
}

// downloads are the files that people take away: the public key of the checkpoints, the receipt of a transaction, and
// their own statement.
func (s *Server) downloads() []httpd.Download {
	return []httpd.Download{
		{Path: "/signing.pub", Open: true, Make: func(context.Context, *http.Request) (httpd.File, error) {
			return httpd.File{Type: "text/plain; charset=utf-8", Write: bytesTo([]byte(s.keeper.Key.Public() + "\n"))}, nil
		}},
		{Path: "/receipts/{seq}", Make: s.receipt},
		{Path: "/statement.csv", Make: s.statement},
	}
}

func (s *Server) receipt(ctx context.Context, r *http.Request) (httpd.File, error) {
	text := chi.URLParam(r, "seq")
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seq <= 0 || strconv.FormatInt(seq, 10) != text {
		return httpd.File{}, checkpoint.ErrNotFound
	}
	receipt, err := s.proofs.Receipt(ctx, access.From(ctx), seq)
	if err != nil {
		return httpd.File{}, err
	}
	return httpd.File{Name: "receipt-" + text + ".json", Type: "application/json", Write: bytesTo(receipt.JSON())}, nil
}

func (s *Server) statement(ctx context.Context, r *http.Request) (httpd.File, error) {
	name, write, err := s.statements.Export(ctx, access.From(ctx), r.URL.RawQuery)
	return httpd.File{Name: name, Type: statement.ContentType, Write: write}, err
}

func bytesTo(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

type receiptCommand struct {
	File string `arg:"" help:"The receipt; - reads it from the standard input."`
	Key  string `help:"The public key, name+hash+base64, or a file that has it. Unset: that of this environment."`
}

// Run verifies a receipt with nothing but it and the public key.
func (c *receiptCommand) Run(e *environment) error {
	var cfg config.Config
	var err error
	if c.Key == "" {
		if cfg, _, err = e.settings(); err != nil {
			return err
		}
	}
	keys, err := cfg.Verifiers(c.Key)
	if err != nil {
		return err
	}
	in := os.Stdin
	if c.File != "-" {
		if in, err = os.Open(c.File); err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
	}
	receipt, err := checkpoint.ReadReceipt(in)
	if err != nil {
		return err
	}
	covered, err := receipt.Verify(keys)
	if err != nil {
		return fmt.Errorf("the receipt is not valid: %w", err)
	}
	_, err = fmt.Fprint(e.stdout, "the receipt is valid\n", receipt.Text(covered))
	return err
}
