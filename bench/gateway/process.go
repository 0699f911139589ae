package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a program that runs beside this one.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   *os.File
	ended chan error
}

// command prepares a program whose complaints are shown here, and which is asked to end when ctx does.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr = os.Stderr
	return cmd
}

// launch starts a program that serves, with a log of its own, and waits until it answers at url. A Ctrl-C in the terminal
// reaches only this process, which ends the others in their order.
func launch(ctx context.Context, name, log, url string, env []string, binary string, args ...string) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	p := &process{name: name, log: out, ended: make(chan error, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, args...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	for range 1500 {
		if _, err := get(ctx, url); err == nil {
			return p, nil
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			return nil, p.failed(fmt.Errorf("ended at once: %w", err))
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.stop())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil, p.failed(errors.Join(errors.New("is not ready after 30 s"), p.stop()))
}

// stop asks the process to end and waits until it has. It may be called again.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		p.ended <- err
		_ = p.log.Close()
		if err != nil {
			return p.failed(err)
		}
		return nil
	case <-time.After(time.Minute):
		return errors.Join(p.failed(errors.New("does not end")), p.cmd.Process.Kill())
	}
}

// failed adds the end of what the process wrote.
func (p *process) failed(err error) error {
	written, _ := os.ReadFile(p.log.Name())
	return fmt.Errorf("the %s: %w\n%s", p.name, err, written[max(0, len(written)-4<<10):])
}

// free returns an address of this machine that nobody listens at.
func free(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Each on a connection of its own: what is open would be counted.
var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}

// call makes a request of our own, not one that is measured.
func call(ctx context.Context, method, url string, body io.Reader, header http.Header) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	resp, err := plain.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.500s", method, url, resp.Status, raw)
	}
	return raw, err
}

func get(ctx context.Context, url string) ([]byte, error) {
	return call(ctx, http.MethodGet, url, nil, nil)
}
