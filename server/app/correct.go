package app

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/resourcepool/resourcepool/server/check"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/pool"
)

// ledgerCommands are what a person does with the books once a check has failed.
type ledgerCommands struct {
	Correct  correctCommand  `cmd:"" help:"Book a correction of a transaction. It goes through the ledger as everything does, beside running servers or without one."`
	Freeze   freezeCommand   `cmd:"" help:"Stop an account of a person or a resource: nothing new is held on it or moved."`
	Unfreeze unfreezeCommand `cmd:"" help:"Let an account go again."`
}

type correctCommand struct {
	Transaction int64    `required:"" placeholder:"SEQ" help:"The transaction to correct."`
	Reverse     bool     `xor:"what" group:"What to book, one of the two:" help:"The opposite of all its entries."`
	Entry       []string `xor:"what" group:"What to book, one of the two:" sep:"none" placeholder:"ACCOUNT=±AMOUNT" help:"This entry, such as wallet:usr_…=-1.5; may be repeated. They add up to 0 in Credits and in USD."`
	Reason      string   `required:"" help:"Why. It is in the memo, which the people whose accounts move can read."`
	Actor       string   `required:"" placeholder:"EMAIL" help:"The admin who corrects: e-mail address or id."`
	Again       bool     `help:"Although the transaction was corrected before."`
	Yes         bool     `short:"y" help:"Don't ask."`
}

// Validate is kong's.
func (c *correctCommand) Validate() error {
	if !c.Reverse && len(c.Entry) == 0 {
		return errors.New("what to book is missing: --reverse or --entry=ACCOUNT=±AMOUNT")
	}
	return nil
}

// Run shows what it will book, asks, and books it.
func (c *correctCommand) Run(e *environment) error {
	return withBooks(e, func(ctx context.Context, b *check.Books, l *ledger.Ledger) error {
		op, err := c.operation(ctx, b, l)
		if err != nil {
			return err
		}
		before, err := b.Corrections(ctx, c.Transaction)
		if err != nil {
			return err
		}
		for _, text := range before {
			_, _ = fmt.Fprintf(e.stdout, "#%d was corrected before: %s\n", c.Transaction, text)
		}
		if len(before) > 0 && !c.Again {
			return errors.New("it was corrected before; --again corrects it once more")
		}
		_, _ = fmt.Fprintf(e.stdout, "ADJUSTMENT by %s\n  %s\n", op.Actor, op.Memo())
		for _, entry := range op.Entries {
			_, _ = fmt.Fprintf(e.stdout, "  %15s %-6s %s\n", signed(entry.Amount), entry.Account.Asset(), entry.Account)
		}
		if err := c.confirm(e); err != nil {
			return err
		}
		out, err := b.Correct(ctx, op, c.Again)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "booked as #%d\n", out.Seq)
		return err
	})
}

func (c *correctCommand) operation(ctx context.Context, b *check.Books, l *ledger.Ledger) (*ledger.Adjust, error) {
	actor, err := check.Admin(ctx, b.DB, c.Actor)
	if err != nil {
		return nil, fmt.Errorf("--actor: %w", err)
	}
	postings, err := l.Postings(ctx, c.Transaction)
	if err != nil {
		return nil, err
	}
	if len(postings[c.Transaction]) == 0 {
		return nil, fmt.Errorf("--transaction: there is no #%d with entries", c.Transaction)
	}
	op := &ledger.Adjust{Actor: actor, Corrects: c.Transaction, Reason: strings.TrimSpace(c.Reason), Entries: check.Reversal(postings[c.Transaction])}
	if !c.Reverse {
		if op.Entries, err = parseEntries(c.Entry); err != nil {
			return nil, err
		}
	}
	if err := op.Validate(); err != nil {
		return nil, ofFlag("", err)
	}
	return op, known(ctx, l, op.Entries)
}

// known refuses an account that is not there before somebody is asked; the booking itself would too.
func known(ctx context.Context, l *ledger.Ledger, entries []ledger.Entry) error {
	var accounts []ledger.AccountID
	for _, e := range entries {
		accounts = append(accounts, e.Account)
	}
	there, err := l.Balances(ctx, accounts...)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if _, ok := there[a]; !ok {
			return fmt.Errorf("--entry: there is no account %s", a)
		}
	}
	return nil
}

// ofFlag says which flag is wrong, unless the error knows itself, and how.
func ofFlag(flag string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	if flag == "" && f.Field != "" {
		flag = "--" + f.Field
	}
	return fmt.Errorf("%s: %s", cmp.Or(flag, "the correction"), f.Message)
}

func signed(amount int64) string {
	s := money.Format(money.Credits(amount))
	if amount > 0 {
		return "+" + s
	}
	return s
}

func parseEntries(texts []string) (entries []ledger.Entry, err error) {
	for _, text := range texts {
		account, amount, ok := strings.Cut(text, "=")
		digits, plus := strings.CutPrefix(amount, "+")
		if !ok || account == "" || plus && strings.HasPrefix(digits, "-") {
			return nil, fmt.Errorf("--entry %s: must be ACCOUNT=±AMOUNT", text)
		}
		n, err := money.Parse[money.Credits](digits)
		if err != nil {
			return nil, ofFlag("--entry "+text, err)
		}
		entries = append(entries, ledger.Entry{Account: ledger.AccountID(account), Amount: int64(n)})
	}
	return entries, nil
}

var errNotConfirmed = errors.New("nothing was booked")

// confirm asks whoever is at the terminal.
func (c *correctCommand) confirm(e *environment) error {
	if c.Yes {
		return nil
	}
	_, _ = fmt.Fprint(e.stdout, "Book it? Type yes: ")
	answered := make(chan error, 1)
	go func() { // a read of a terminal can't be interrupted; it ends with the program
		switch answer, err := bufio.NewReader(e.stdin).ReadString('\n'); {
		case strings.TrimSpace(answer) == "yes":
			answered <- nil
		case answer == "" && err != nil: // a script's
			answered <- fmt.Errorf("%w: there is nobody to ask; --yes books without asking", errNotConfirmed)
		default:
			answered <- errNotConfirmed
		}
	}()
	select {
	case err := <-answered:
		return err
	case <-e.ctx.Done():
		_, _ = fmt.Fprintln(e.stdout)
		return errNotConfirmed
	}
}

type freezeCommand struct {
	Account string `arg:"" help:"Such as wallet:usr_… or resource:res_…."`
	Reason  string `required:"" help:"Why; for the audit log."`
	Actor   string `required:"" placeholder:"EMAIL" help:"The admin who does it: e-mail address or id."`
}

type unfreezeCommand freezeCommand

// Run freezes.
func (c *freezeCommand) Run(e *environment) error { return c.set(e, true) }

// Run unfreezes.
func (c *unfreezeCommand) Run(e *environment) error { return (*freezeCommand)(c).set(e, false) }

func (c *freezeCommand) set(e *environment, frozen bool) error {
	c.Reason = strings.TrimSpace(c.Reason)
	if err := ledger.CheckReason(c.Reason); err != nil {
		return ofFlag("--reason", err)
	}
	return withDatabase(e, func(db *sql.DB, _ *store, _ *slog.Logger) error {
		actor, err := check.Admin(e.ctx, db, c.Actor)
		if err != nil {
			return fmt.Errorf("--actor: %w", err)
		}
		changed, err := check.Freeze(e.ctx, db, clock.System, ids.NewSource(clock.System, rand.Reader), ledger.AccountID(c.Account), frozen, actor, c.Reason)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Account, err)
		}
		is := map[bool]string{true: "frozen", false: "not frozen"}[frozen]
		if changed {
			is = "now " + is
		} else {
			is += " already"
		}
		_, err = fmt.Fprintf(e.stdout, "%s is %s\n", c.Account, is)
		return err
	})
}

// withDatabase opens the database of the environment, also beside a server that runs it.
func withDatabase(e *environment, f func(*sql.DB, *store, *slog.Logger) error) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	// What the audit log says of where it was done.
	host, _ := os.Hostname() //nolint:errcheck // then it is one without a name
	e.ctx = origin.With(e.ctx, origin.Origin{UserAgent: "resourcepool, the command, at " + host})
	s, err := readDatabase(e.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.close()
	db, err := s.open(ledgerConns)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return unmigrated(f(db, s, log))
}

// withBooks joins the servers with one of its own, which leaves again when f is done.
func withBooks(e *environment, f func(context.Context, *check.Books, *ledger.Ledger) error) error {
	return withDatabase(e, func(db *sql.DB, s *store, log *slog.Logger) error {
		batches, err := database.OpenWriter(s.url)
		if err != nil {
			return err
		}
		defer func() { _ = batches.Close() }()
		source := ids.NewSource(clock.System, rand.Reader)
		l := ledger.New(ledger.Options{DB: db, Batches: batches, Ent: database.Ent(db), Clock: clock.System, Rand: rand.Reader, IDs: source, Log: log})
		ctx, stop := context.WithCancel(e.ctx)
		defer stop()
		ready, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- l.Run(ctx, ready) }()
		select {
		case <-ready:
		case err := <-ended:
			return err
		}
		err = f(ctx, &check.Books{DB: db, Ledger: l, IDs: source, AuditRow: pool.AuditRow}, l)
		stop()
		return errors.Join(err, <-ended)
	})
}
