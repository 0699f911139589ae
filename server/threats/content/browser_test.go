package content

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// browser is a page in Chromium, spoken to over the DevTools protocol.
type browser struct {
	t       *testing.T
	conn    *websocket.Conn
	mu      sync.Mutex
	next    int
	answers map[int]chan gjson.Result
	dialogs []string // what pages said by alert and its like
}

// openBrowser starts Chromium with a blank page.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--remote-debugging-port=0",
		"--user-data-dir="+t.TempDir(), "about:blank")
	out, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start(), "Chromium is needed: make chromium")
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	b := &browser{t: t, answers: map[int]chan gjson.Result{}}
	require.NoError(t, b.connect(bufio.NewScanner(out)))
	t.Cleanup(func() { _ = b.conn.Close() })
	go b.read()
	for _, domain := range []string{"Page", "Network", "Runtime"} {
		b.call(domain+".enable", nil)
	}
	return b
}

// connect finds the address of the page: Chromium says where it listens.
func (b *browser) connect(lines *bufio.Scanner) error {
	for lines.Scan() {
		_, address, ok := strings.Cut(lines.Text(), "DevTools listening on ws://")
		if !ok {
			continue
		}
		host, _, _ := strings.Cut(address, "/")
		for range 100 {
			if url := page(host); url != "" {
				var err error
				b.conn, _, err = websocket.DefaultDialer.Dial(url, nil)
				return err
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return errors.Join(errors.New("Chromium opened no page"), lines.Err())
}

func page(host string) string {
	resp, err := http.Get("http://" + host + "/json/list")
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return ""
	}
	return gjson.GetBytes(body.Bytes(), `#(type=="page").webSocketDebuggerUrl`).String()
}

func (b *browser) read() {
	for {
		_, text, err := b.conn.ReadMessage()
		if err != nil {
			return
		}
		m := gjson.ParseBytes(text)
		b.mu.Lock()
		if m.Get("method").String() == "Page.javascriptDialogOpening" {
			b.dialogs = append(b.dialogs, m.Get("params.message").String())
			go b.call("Page.handleJavaScriptDialog", map[string]any{"accept": true})
		}
		if answer := b.answers[int(m.Get("id").Int())]; answer != nil {
			answer <- m
		}
		b.mu.Unlock()
	}
}

// call has the browser do something and returns what comes of it.
func (b *browser) call(method string, params map[string]any) gjson.Result {
	b.t.Helper()
	answer := make(chan gjson.Result, 1)
	b.mu.Lock()
	b.next++
	b.answers[b.next] = answer
	text, err := json.Marshal(map[string]any{"id": b.next, "method": method, "params": params})
	if err == nil {
		err = b.conn.WriteMessage(websocket.TextMessage, text)
	}
	b.mu.Unlock()
	if err != nil {
		b.t.Errorf("%s: %v", method, err)
		return gjson.Result{}
	}
	select {
	case m := <-answer:
		return m.Get("result")
	case <-time.After(20 * time.Second):
		b.t.Errorf("%s: no answer", method)
		return gjson.Result{}
	}
}

// open goes to a page and waits until it is loaded.
func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url})
	require.Eventually(b.t, func() bool {
		return b.run(`document.readyState === "complete" && location.href !== "about:blank"`).Bool()
	}, 20*time.Second, 50*time.Millisecond)
}

// run evaluates an expression in the page and waits for it.
func (b *browser) run(expression string) gjson.Result {
	b.t.Helper()
	r := b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true})
	require.False(b.t, r.Get("exceptionDetails").Exists(), "%s: %s", expression, r.Get("exceptionDetails"))
	return r.Get("result.value")
}

// said returns what pages said in dialogs.
func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dialogs
}
