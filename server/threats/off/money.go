package main

var moneyMoves = []control{
	{Row: 34, Test: "TestRow34_DoubleDeposit", Edits: []edit{{ // a key is the same in other letters
		"server/vault/secret.go", "return strings.ToLower(strings.Map(func(r rune) rune {", "return (strings.Map(func(r rune) rune {",
	}}},
	{Row: 35, Test: "TestRow35_OneAccount", Edits: []edit{{ // the provider's account is looked at
		"server/pool/deposit.go", `if v.Account == "" {`, "if true {",
	}}},
	{Row: 36, Test: "TestRow36_FakeQuota", Edits: []edit{{ // what was not repaired in time is taken back
		"server/pool/jobs.go", "s.EndOverdue)", "s.Expire)",
	}}},
	{Row: 36, Test: "TestRow36_FakeQuota", Edits: []edit{{ // who owes does not spend
		"server/ledger/apply_hold.go", "owed := -s.peek(Debt(o.User)).balance; owed > 0", "owed := -s.peek(Debt(o.User)).balance; owed < 0",
	}}},
	{Row: 37, Test: "TestRow37_LyingUpstream", Edits: []edit{{ // what is reported is held against its bounds
		"server/gateway/meter.go", "return min(max(n, 0), most)", "return n",
	}}},
	{Row: 38, Test: "TestRow38_WashTrading", Edits: []edit{{ // one's own use does not vest
		"server/ledger/apply_hold.go", `if owner != "" && owner != user {`, `if owner != "" {`,
	}}},
	{Row: 38, Test: "TestRow38_WashTrading", Edits: []edit{{ // withdrawing undoes what was contributed
		"server/ledger/rollup.go", "case KindDeposit, KindVest, KindWithdrawal, KindClawback:", "case KindDeposit, KindVest, KindClawback:",
	}}},
	{Row: 39, Test: "TestRow39_StolenKey", Edits: []edit{{ // a key that is not ACTIVE is left out
		"server/gateway/candidate.go", "case !k.Active():", "case false:",
	}}},
	{Row: 40, Test: "TestRow40_NegativeBalance", Edits: []edit{{ // what is held can't be held again
		"server/ledger/apply_hold.go", "money.Credits(wallet.available()), ErrInsufficientCredits", "money.Credits(wallet.balance), ErrInsufficientCredits",
	}}},
	{Row: 41, Test: "TestRow41_Replay", Edits: []edit{{ // a key of one person is not another's
		"server/gateway/gateway.go", `"complete:" + string(actor.ID) + ":" + *in.IdempotencyKey`, `"complete:" + *in.IdempotencyKey`,
	}}},
	{Row: 41, Test: "TestRow41_Replay", Edits: []edit{{ // the key goes with the input
		"server/gateway/gateway.go", `InputHash: g.vault.Hash("input", in.canonical())`, `InputHash: g.vault.Hash("input", nil)`,
	}}},
	{Row: 42, Test: "TestRow42_NumberAbuse", Edits: []edit{{ // a number that is too large is the client's fault
		"graph/document.go", "out.AddRule(numbersThatFit.Name, numbersThatFit.RuleFunc)", "",
	}}},
	{Row: 42, Test: "TestRow42_NumberAbuse", Edits: []edit{{ // a quota is above 0
		"server/pool/deposit_input.go", "case in.Quota <= 0:", "case false:",
	}}},
	{Row: 43, Test: "TestRow43_TwiceAtOnce", Edits: []edit{{ // a key is withdrawn once
		"server/ledger/apply_deposit.go", "if a.closing {\n\t\treturn ErrClosing\n\t}", "",
	}}},
	{Row: 51, Test: "TestRow51_DroppedStreams", Edits: []edit{{ // who hangs up pays for what was delivered
		"server/gateway/spine.go", "return g.settle(ctx, j, r, hungUpOn)", "return g.left(ctx, j)",
	}}},
}
