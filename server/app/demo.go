package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/demo"
	"github.com/resourcepool/resourcepool/server/mail"
	"github.com/resourcepool/resourcepool/server/mailbox"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

const (
	demoAdmin         = "admin@example.com"
	demoAdminPassword = "demo-admin-password"
	demoPerSecond     = 2
)

var errNotLoopback = errors.New("POOL_LISTEN: the demo has known passwords and listens on a loopback address alone, such as 127.0.0.1:8080")

// runDemo runs a server whose providers are a sandbox, with people and traffic.
func runDemo(ctx context.Context, cfg config.Config, log *slog.Logger, out io.Writer) error {
	if !cfg.Loopback() {
		return errNotLoopback
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	provider, err := sandbox.New(sandbox.Options{Log: log})
	if err != nil {
		return err
	}
	if err := demo.Keys(provider); err != nil {
		return err
	}
	provider.SetLatency("", demoLatency)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sandboxCtx, stopSandbox := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- provider.Serve(sandboxCtx, listener) }()
	defer func() {
		stopSandbox()
		if err := <-ended; err != nil {
			log.Error("the sandbox did not stop cleanly", "err", err)
		}
	}()

	stopMailbox, err := openMailbox(ctx, &cfg, log, out)
	if err != nil {
		return err
	}
	defer stopMailbox()

	address := "http://" + listener.Addr().String()
	cfg.ProviderURLs = map[string]string{
		"openai": address + "/v1", "deepseek": address, "anthropic": address + "/v1", "gemini": address + "/v1beta",
	}
	cfg.SignupsPerHour = 0
	if cfg.AdminEmail == "" {
		cfg.AdminEmail, cfg.AdminPassword = demoAdmin, config.NewSecret(demoAdminPassword)
	}
	_, _ = fmt.Fprintf(out, "sandbox provider on %s/v1\n", address)
	return Run(ctx, Options{Config: cfg, Log: log, Rand: rand.Reader, Clock: clock.System, Ready: func(s *Server) {
		go func() {
			err := demo.Run(ctx, demo.Options{
				URL: s.url.String(), AdminEmail: cfg.AdminEmail, AdminPassword: cfg.AdminPassword.Reveal(),
				Out: out, Log: log, Rand: demo.NewRand(), PerSecond: demoPerSecond,
			})
			if err != nil {
				log.Error("the demo stopped", "err", err)
				stop()
			}
		}()
	}})
}

// demoLatency is about that of a small hosted model.
var demoLatency = sandbox.Latency{FirstByte: 150 * time.Millisecond, PerToken: 2 * time.Millisecond}

// openMailbox starts a mail server that shows what it is sent, unless the environment names one. People of the demo need
// not verify their e-mails.
func openMailbox(ctx context.Context, cfg *config.Config, log *slog.Logger, out io.Writer) (stop func(), err error) {
	if cfg.SMTP != nil {
		return func() {}, nil
	}
	mails, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	pages, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, mails.Close())
	}
	if cfg.SMTP, err = mail.ParseURL("smtp://" + mails.Addr().String() + "?from=pool@example.com"); err != nil {
		return nil, errors.Join(err, mails.Close(), pages.Close())
	}
	cfg.VerifyEmail = false
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- new(mailbox.Mailbox).Serve(ctx, mails, pages) }()
	_, _ = fmt.Fprintf(out, "mails that the demo sends are shown on http://%s\n", pages.Addr())
	return func() {
		cancel()
		if err := <-ended; err != nil {
			log.Error("the mailbox did not stop cleanly", "err", err)
		}
	}, nil
}
