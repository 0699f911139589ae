// Command matrix writes the policy as a page of documentation: matrix <file>. Imports: access.
package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/resourcepool/resourcepool/server/access"
)

const introduction = `# Who may do what

<!-- Written by "make generate" from server/access/policy.conf: change that. -->

Every root field of the API, and every type, field and argument that not everybody may see or use. What is not here is denied
to everybody. A cell says on which conditions a role may; where it has several lines, each is enough; an empty one is *no*.

| Condition | Meaning |
|---|---|
| ✓ | always |
| ` + "`own`, `platform`" + ` | what is one's own; what is the platform's, or nobody's. Without either: whosever it is |
| ` + "`active`" + ` | not while the account is frozen, or its e-mail unverified where the operator asks for verified ones (` + "`EMAIL_NOT_VERIFIED`" + `) |
| ` + "`frozen`" + ` | also while the account is frozen, not while its e-mail is unverified |
| ` + "`unverified`" + ` | also while the e-mail is unverified, not while the account is frozen |
| ` + "`fresh`" + ` | signed in by a session that proved the password or a passkey within the last 30 minutes, else ` + "`REAUTHENTICATION_REQUIRED`" + ` |
| ` + "`session`" + ` | signed in by a session: no API token may |
| ` + "`READ` `COMPLETIONS` `RESOURCES` `ADMIN`" + ` | by a session, by an API token with this scope, or by one without scopes and limits; one with a spend limit or a list of models has ` + "`READ` and `COMPLETIONS`" + `. ` + "`RESOURCES` and `ADMIN`" + ` include ` + "`READ`" + ` |

An API token makes no tokens and changes no account. Changes of roles, tokens, sessions and status act at once on the server that
made them and within a second on every other, also on open WebSockets: what runs there without a right is ended, with the
close code 4403, or 4401 where the session or token is gone.

## Roles of your own

An admin makes roles beside these by ` + "`saveCustomRole`" + `, without code, and gives them to people by ` + "`setCustomRoles`" + `. A custom role has
rights out of those marked ◇: rights that admins have, on the same conditions, and never one to change what others may. An
auditor who reads the books and nothing else:

` + "```graphql" + `
mutation {
  saveCustomRole(input: {
    name: "AUDITOR", description: "Reads the ledger"
    grants: [
      {object: "Query.ledgerTransactions", action: "call"}, {object: "Query.ledgerAudit", action: "call"}
      {object: "LedgerTransaction", action: "read"}, {object: "Posting", action: "read"}, {object: "Wallet", action: "read"}
    ]
  }) { name }
  setCustomRoles(userId: "usr_…", roles: ["AUDITOR"]) { customRoles }
}
` + "```" + `
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: matrix <file>")
	}
	policy, err := access.New()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(page(policy)), 0o644) //nolint:gosec // documentation
}

// row is what a line of the table is about.
type row struct{ section, object, action string }

func page(p *access.Policy) string {
	var rows []row
	for _, r := range p.Rules() {
		if at := (row{r.Section, r.Object, r.Action}); !slices.Contains(rows, at) {
			rows = append(rows, at)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(index(rows, a), index(rows, b)) })

	var out strings.Builder
	out.WriteString(introduction)
	section := ""
	for _, at := range rows {
		if at.section != section {
			section = at.section
			fmt.Fprintf(&out, "\n## %s\n\n| Object | Action | Signed out | USER | CONTRIBUTOR | ADMIN |\n|---|---|---|---|---|---|\n", title(section))
		}
		mark := ""
		if slices.Contains(p.Grantable(), access.Grant{Object: at.object, Action: at.action}) {
			mark = " ◇"
		}
		fmt.Fprintf(&out, "| `%s` | %s%s |", at.object, at.action, mark)
		for _, role := range access.Roles() {
			fmt.Fprintf(&out, " %s |", cell(p, role, at))
		}
		out.WriteString("\n")
	}
	return out.String()
}

// index is where the section of a row begins.
func index(rows []row, of row) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.section == of.section })
}

func title(section string) string { return strings.ToUpper(section[:1]) + section[1:] }

func cell(p *access.Policy, role access.Role, at row) string {
	var ways []string
	for _, r := range p.RulesOf(role) {
		if r.Object != at.object || r.Action != at.action {
			continue
		}
		var words []string
		for _, word := range []string{r.Whose, r.Status, r.Means} {
			if word != "any" {
				words = append(words, "`"+word+"`")
			}
		}
		ways = append(ways, cmp.Or(strings.Join(words, " "), "✓"))
	}
	return strings.Join(ways, "<br>")
}
