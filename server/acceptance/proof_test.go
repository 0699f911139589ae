package acceptance

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// get downloads a file.
func (c *client) get(path string) (int, http.Header, string) {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	require.NoError(c.t, err)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	require.NoError(c.t, err)
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, resp.Header, string(readAll(c.t, resp.Body))
}

// signed restarts the program, which signs a checkpoint at its start, and waits for one of at least size transactions.
func (p *program) signed(checkpoints string, more int) {
	p.t.Helper()
	had := len(p.checkpoints(checkpoints))
	p.kill(syscall.SIGTERM)
	p.start()
	require.Eventually(p.t, func() bool { return len(p.checkpoints(checkpoints)) >= had+more }, 20*time.Second, 20*time.Millisecond)
}

func (p *program) checkpoints(dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "0*.txt"))
	require.NoError(p.t, err)
	return files
}

const proofOf = `query($id: ID!) { node(id: $id) { ... on LedgerTransaction { seq postings { account amount } proof { checkpoint index size path leaf receipt } } } }`

func TestAReceiptProvesAChargeToWhoPaidIt(t *testing.T) {
	u := upstreamtest.New(t)
	metrics := freeAddress(t)
	p := serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs(), "POOL_METRICS_LISTEN="+metrics)
	admin, bob, tom, eve := p.admin(), p.person("bob"), p.person("tom"), p.person("eve")
	admin.gpt4()
	admin.grant(tom, "100")
	key := bob.deposit(u, "sk-bobs-0123456789", "100")
	tom.must(complete, ask("gpt-4", vars{"maxTokens": 20}))
	id := tom.must(`{ viewer { usageLogs(last: 1) { edges { node { transaction { id } } } } } }`, nil).Get("viewer.usageLogs.edges.0.node.transaction.id").String()
	seq := strings.TrimPrefix(id, "txn_")
	program := p.anonymous()
	program.token = tom.must(`mutation { createApiToken(input: {name: "p", spendLimit: "1"}) { secret } }`, nil).Get("createApiToken.secret").String()

	status, header, body := tom.get("/receipts/" + seq)
	require.Equal(t, http.StatusConflict, status, body)
	require.Equal(t, "60", header.Get("Retry-After"))
	require.Equal(t, "CONFLICT", gjson.Get(body, "errors.0.extensions.code").String())
	require.Equal(t, "null", tom.must(proofOf, vars{"id": id}).Get("node.proof").Raw)

	p.signed(filepath.Join(p.dataDir, "checkpoints"), 1)
	measured := p.anonymous()
	measured.url = "http://" + metrics
	_, _, gauges := measured.get("/metrics")
	require.Contains(t, gauges, "\nresourcepool_checkpoint_size "+admin.must(`{ ledgerAudit { headSeq } }`, nil).Get("ledgerAudit.headSeq").String()+"\n")
	require.Contains(t, gauges, "\nresourcepool_checkpoint_age_seconds ")
	status, header, receipt := tom.get("/receipts/" + seq)
	require.Equal(t, http.StatusOK, status, receipt)
	require.Equal(t, `attachment; filename="receipt-`+seq+`.json"`, header.Get("Content-Disposition"))
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.NotContains(t, receipt, key)
	require.NotContains(t, receipt, bob.id)
	require.NotContains(t, receipt, "platform.")
	status, _, same := program.get("/receipts/" + seq)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, receipt, same)
	for _, who := range []*client{bob, eve} {
		for _, path := range []string{"/receipts/" + seq, "/receipts/999999", "/receipts/0" + seq, "/receipts/x", "/receipts/-1"} {
			status, _, body := who.get(path)
			require.Equal(t, http.StatusNotFound, status, path)
			require.Equal(t, "NOT_FOUND", gjson.Get(body, "errors.0.extensions.code").String())
		}
	}
	status, _, _ = p.anonymous().get("/receipts/" + seq)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _, public := p.anonymous().get("/signing.pub")
	require.Equal(t, http.StatusOK, status)

	// Offline: an environment with nothing in it.
	dir := t.TempDir()
	file, pub := filepath.Join(dir, "receipt.json"), filepath.Join(dir, "signing.pub")
	require.NoError(t, os.WriteFile(file, []byte(receipt), 0o600))
	require.NoError(t, os.WriteFile(pub, []byte(public), 0o600))
	nowhere := []string{"POOL_DATA_DIR=" + dir + "/none"}
	for _, k := range []string{pub, strings.TrimSpace(public)} {
		out, err := runCommand(nowhere, "verify-receipt", file, "--key", k)
		require.NoError(t, err, out)
		require.Contains(t, out, "the receipt is valid")
		require.Contains(t, out, "wallet:"+tom.id)
		require.Contains(t, out, "entries of others")
	}
	out, err := p.command("verify-receipt", file)
	require.NoError(t, err, out)
	out, err = runCommand(nowhere, "verify-receipt", file)
	require.Error(t, err)
	require.Contains(t, out, "--key")
	require.NoDirExists(t, dir+"/none")

	for _, who := range []*client{tom, admin} {
		tx := who.must(proofOf, vars{"id": id}).Get("node")
		text := tx.Get("proof.receipt").String()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		out, err := runCommand(nowhere, "verify-receipt", file, "--key", pub)
		require.NoError(t, err, out)
		require.Equal(t, tx.Get("proof.leaf").String(), gjson.Get(text, "proof.leaf").String())
		require.Equal(t, tx.Get("proof.path").Raw, compact(t, gjson.Get(text, "proof.path").Raw))
		var opened, shown []string
		for _, e := range gjson.Get(text, "transaction.entries.#(account)#").Array() {
			opened = append(opened, e.Get("account").String()+" "+e.Get("amount").String())
		}
		for _, e := range tx.Get("postings").Array() {
			shown = append(shown, e.Get("account").String()+" "+e.Get("amount").String())
		}
		require.Equal(t, shown, opened, "a receipt opens the postings that are shown")
	}

	forged := strings.Replace(receipt, `"gpt-4"`, `"gpt-5"`, 1)
	require.NoError(t, os.WriteFile(file, []byte(forged), 0o600))
	out, err = runCommand(nowhere, "verify-receipt", file, "--key", pub)
	require.Error(t, err)
	require.Contains(t, out, "the transaction is not the one that was booked")
	p.verified()
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}
