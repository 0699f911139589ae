package main

var accessRights = []control{
	{Row: 8, Test: "TestRow08_NodeOfAnother", Edits: []edit{
		{"graph/read.go", `return found(res, err, res != nil && r.may(ctx, "PoolResource", ownerOf(res)))`, `return found(res, err, res != nil)`},
	}},
	{Row: 8, Test: "TestRow08_NodeOfAnother", Edits: []edit{ // the answer is the same, but comes later
		{"graph/read.go", `return found(t, err, t != nil && r.may(ctx, "ApiToken", t.UserID))`, `for range 20 {
			if t == nil {
				break
			}
			_, _ = r.Accounts.Token(ctx, id)
		}
		return found(t, err, t != nil && r.may(ctx, "ApiToken", t.UserID))`},
	}},
	{Row: 8, Test: "TestRow08_NodeOfAnother", Edits: []edit{
		{"server/pool/life.go", `if !s.policy.Can(actor, "read", "PoolResource", ownerOf(r)) {`, `if s.policy == nil {`},
	}},
	{Row: 9, Test: "TestRow09_NestedLeaves", Edits: []edit{
		{"graph/usage.resolvers.go", `if !r.may(ctx, "PoolUsageLog.resource", obj.OwnerID) {`, `if obj == nil {`},
	}},
	{Row: 9, Test: "TestRow09_NestedLeaves", Edits: []edit{
		{"graph/read.go", `if r.may(ctx, "Posting", owner) {`, `if owner != "nobody" {`},
	}},
	{Row: 11, Test: "TestRow11_MassAssignment", Edits: []edit{
		{"graph/handler.go", "exec.SetDefaultRulesFn(validation)", "exec.SetDefaultRulesFn(func() *rules.Rules { return rules.NewRules() })"},
		{"graph/handler.go", `"github.com/vektah/gqlparser/v2/ast"`, "\"github.com/vektah/gqlparser/v2/ast\"\n\t\"github.com/vektah/gqlparser/v2/validator/rules\""},
	}},
	{Row: 12, Test: "TestRow12_AdminFunctions", Edits: []edit{
		{"server/access/policy.conf", "p, ADMIN, Mutation.grantCredits, call,", "p, USER, Mutation.grantCredits, call,"},
	}},
	{Row: 12, Test: "TestRow12_AdminFunctions", Edits: []edit{
		{"graph/authorize.go", `if err := a.policy.Check(actor(ctx), "call", object, ""); err != nil {`, `if err := a.policy.Check(actor(ctx), "call", object, ""); err != nil && at.Field.Name != "setRoles" {`},
	}},
	{Row: 13, Test: "TestRow13_StalePolicy", Edits: []edit{ // the other server is not told, and remembers
		{"server/app/wire.go", "s.account.Invalidate(ids.ID(ref))", ""},
		{"server/account/actor.go", "actorFor   = time.Second", "actorFor   = time.Hour"},
	}},
	{Row: 13, Test: "TestRow13_StalePolicy", Edits: []edit{ // nor of custom roles, at which it does not look by itself
		{"server/app/wire.go", "case journal.Roles:\n\t\t\ts.account.RolesChanged()", ""},
		{"server/account/roles.go", "loadRolesEvery = time.Second", "loadRolesEvery = time.Hour"},
	}},
	{Row: 13, Test: "TestRow13_StalePolicy", Edits: []edit{ // rules that can't be read stay as they were
		{"server/account/roles.go", "\t\tstored = nil\n", "\t\treturn\n"},
	}},
	{Row: 13, Test: "TestReloadStorm", Package: "./server/access", Edits: []edit{ // decisions outlive the rules
		{"server/access/policy.go", "return &judge{enforcer: e, known: map[question]bool{}}, nil", "return &judge{enforcer: e, known: remembered}, nil"},
		{"server/access/policy.go", "// judge decides by rules", "var remembered = map[question]bool{}\n\n// judge decides by rules"},
	}},
}
