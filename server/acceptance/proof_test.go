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

	"github.com/resourcepool/resourcepool/server/programtest"
	"github.com/resourcepool/resourcepool/server/upstreamtest"
)

// get downloads a file.
func get(c *client, path string) (int, http.Header, string) {
	c.T.Helper()
	r, err := http.NewRequest(http.MethodGet, c.URL+path, nil)
	require.NoError(c.T, err)
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(r)
	require.NoError(c.T, err)
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, resp.Header, string(readAll(c.T, resp.Body))
}

// signed restarts the program, which signs a checkpoint at its start, and waits for one of at least size transactions.
func signed(p *program, dir string, more int) {
	p.T.Helper()
	had := len(checkpoints(p, dir))
	p.Kill(syscall.SIGTERM)
	p.Start()
	require.Eventually(p.T, func() bool { return len(checkpoints(p, dir)) >= had+more }, 20*time.Second, 20*time.Millisecond)
}

func checkpoints(p *program, dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "0*.txt"))
	require.NoError(p.T, err)
	return files
}

const proofOf = `query($id: ID!) { node(id: $id) { ... on LedgerTransaction { seq postings { account amount } proof { checkpoint index size path leaf receipt } } } }`

func TestAReceiptProvesAChargeToWhoPaidIt(t *testing.T) {
	u := upstreamtest.New(t)
	metrics := programtest.FreeAddress(t)
	p := programtest.Serve(t, "POOL_PROVIDER_URLS="+u.ProviderURLs(), "POOL_METRICS_LISTEN="+metrics)
	admin, bob, tom, eve := p.Admin(), p.Person("bob"), p.Person("tom"), p.Person("eve")
	admin.GPT4()
	admin.Grant(tom, "100")
	key := bob.Deposit(u, "sk-bobs-0123456789", "100")
	tom.Must(programtest.Complete, programtest.Ask("gpt-4", vars{"maxTokens": 20}))
	id := tom.Must(`{ viewer { usageLogs(last: 1) { edges { node { transaction { id } } } } } }`, nil).Get("viewer.usageLogs.edges.0.node.transaction.id").String()
	seq := strings.TrimPrefix(id, "txn_")
	program := p.Anonymous()
	program.Token = tom.Must(`mutation { createApiToken(input: {name: "p", spendLimit: "1"}) { secret } }`, nil).Get("createApiToken.secret").String()

	status, header, body := get(tom, "/receipts/"+seq)
	require.Equal(t, http.StatusConflict, status, body)
	require.Equal(t, "60", header.Get("Retry-After"))
	require.Equal(t, "CONFLICT", gjson.Get(body, "errors.0.extensions.code").String())
	require.Equal(t, "null", tom.Must(proofOf, vars{"id": id}).Get("node.proof").Raw)

	signed(p, filepath.Join(p.DataDir, "checkpoints"), 1)
	measured := p.Anonymous()
	measured.URL = "http://" + metrics
	_, _, gauges := get(measured, "/metrics")
	require.Contains(t, gauges, "\nresourcepool_checkpoint_size "+admin.Must(`{ ledgerAudit { headSeq } }`, nil).Get("ledgerAudit.headSeq").String()+"\n")
	require.Contains(t, gauges, "\nresourcepool_checkpoint_age_seconds ")
	status, header, receipt := get(tom, "/receipts/"+seq)
	require.Equal(t, http.StatusOK, status, receipt)
	require.Equal(t, `attachment; filename="receipt-`+seq+`.json"`, header.Get("Content-Disposition"))
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.NotContains(t, receipt, key)
	require.NotContains(t, receipt, bob.ID)
	require.NotContains(t, receipt, "platform.")
	status, _, same := get(program, "/receipts/"+seq)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, receipt, same)
	for _, who := range []*client{bob, eve} {
		for _, path := range []string{"/receipts/" + seq, "/receipts/999999", "/receipts/0" + seq, "/receipts/x", "/receipts/-1"} {
			status, _, body := get(who, path)
			require.Equal(t, http.StatusNotFound, status, path)
			require.Equal(t, "NOT_FOUND", gjson.Get(body, "errors.0.extensions.code").String())
		}
	}
	status, _, _ = get(p.Anonymous(), "/receipts/"+seq)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _, public := get(p.Anonymous(), "/signing.pub")
	require.Equal(t, http.StatusOK, status)

	// Offline: an environment with nothing in it.
	dir := t.TempDir()
	file, pub := filepath.Join(dir, "receipt.json"), filepath.Join(dir, "signing.pub")
	require.NoError(t, os.WriteFile(file, []byte(receipt), 0o600))
	require.NoError(t, os.WriteFile(pub, []byte(public), 0o600))
	nowhere := []string{"POOL_DATA_DIR=" + dir + "/none"}
	for _, k := range []string{pub, strings.TrimSpace(public)} {
		out, err := programtest.Run(nowhere, "verify-receipt", file, "--key", k)
		require.NoError(t, err, out)
		require.Contains(t, out, "the receipt is valid")
		require.Contains(t, out, "wallet:"+tom.ID)
		require.Contains(t, out, "entries of others")
	}
	out, err := p.Command("verify-receipt", file)
	require.NoError(t, err, out)
	out, err = programtest.Run(nowhere, "verify-receipt", file)
	require.Error(t, err)
	require.Contains(t, out, "--key")
	require.NoDirExists(t, dir+"/none")

	for _, who := range []*client{tom, admin} {
		tx := who.Must(proofOf, vars{"id": id}).Get("node")
		text := tx.Get("proof.receipt").String()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		out, err := programtest.Run(nowhere, "verify-receipt", file, "--key", pub)
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
	out, err = programtest.Run(nowhere, "verify-receipt", file, "--key", pub)
	require.Error(t, err)
	require.Contains(t, out, "the transaction is not the one that was booked")
	p.Verified()
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}
