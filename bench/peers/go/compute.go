package main

import (
	"errors"
	"math"

	"github.com/shopspring/decimal"
)

// Places of units: 6 for one of 0.000001.
type AssetRules struct {
	UnitPlaces      int32  `json:"unit_places"`
	PriceUnitPlaces int32  `json:"price_unit_places"`
	Threshold       Amount `json:"threshold"`
	PenaltyRate     Amount `json:"penalty_rate"`
}

type Market struct {
	QuotePlaces int32                 `json:"quote_places"`
	Assets      map[string]AssetRules `json:"assets"`
}

type Health struct {
	Status      string  `json:"status"`
	Ratio       *Amount `json:"ratio"`
	Support     Amount  `json:"support"`
	Requirement Amount  `json:"requirement"`
	Collateral  Amount  `json:"collateral"`
	Debt        Amount  `json:"debt"`
	Equity      Amount  `json:"equity"`
	LTV         *Amount `json:"ltv"`
}

type LiquidationPrice struct {
	Asset       string  `json:"asset"`
	Direction   *string `json:"direction"`
	Price       *Amount `json:"price"`
	PriceReason *string `json:"price_reason"`
}

type Fill struct {
	Venue    string `json:"venue"`
	Quantity Amount `json:"quantity"`
	Proceeds Amount `json:"proceeds"`
}

type Liquidation struct {
	At           string  `json:"at"`
	Reason       *string `json:"reason"`
	Collateral   *string `json:"collateral"`
	Debt         *string `json:"debt"`
	Repay        *Amount `json:"repay"`
	Seize        *Amount `json:"seize"`
	LimitedBy    *string `json:"limited_by"`
	BadDebt      *Amount `json:"bad_debt"`
	AveragePrice *Amount `json:"average_price"`
	SlippageRate *Amount `json:"slippage_rate"`
	Unfilled     *Amount `json:"unfilled"`
	Fills        []Fill  `json:"fills"`
}

type Penalty struct {
	Rate   *Amount `json:"rate"`
	Amount *Amount `json:"amount"`
}

type Answer struct {
	Decision          int64              `json:"decision,omitempty"`
	Health            Health             `json:"health"`
	LiquidationPrices []LiquidationPrice `json:"liquidation_prices"`
	Liquidation       Liquidation        `json:"liquidation"`
	Penalty           Penalty            `json:"penalty"`
}

var (
	one  = decimal.NewFromInt(1)
	zero = decimal.Zero
)

// Of what is not negative.
func floor(value decimal.Decimal, places int32) decimal.Decimal {
	return value.Truncate(places)
}

func ceil(value decimal.Decimal, places int32) decimal.Decimal {
	floored := value.Truncate(places)
	if floored.Equal(value) {
		return floored
	}
	return floored.Add(decimal.New(1, -places))
}

// a / b, b > 0, rounded once.
func divideDown(a, b decimal.Decimal, places int32) decimal.Decimal {
	quotient, rest := a.QuoRem(b, places)
	if rest.IsNegative() {
		return quotient.Sub(decimal.New(1, -places))
	}
	return quotient
}

func divideUp(a, b decimal.Decimal, places int32) decimal.Decimal {
	quotient, rest := a.QuoRem(b, places)
	if rest.IsPositive() {
		return quotient.Add(decimal.New(1, -places))
	}
	return quotient
}

func text(value string) *string { return &value }

func amount(value decimal.Decimal) *Amount { return &Amount{value} }

// A leg with its rules, its price and its value; weighed: what of it counts.
type valued struct {
	Leg
	rules          *AssetRules
	price          decimal.Decimal
	value, weighed decimal.Decimal
}

type position struct {
	market           *Market
	collateral, debt []valued
}

func open(market *Market, state *State, legs []Leg) ([]valued, error) {
	out := make([]valued, len(legs))
	for i := range legs {
		rules, isListed := market.Assets[legs[i].Asset]
		price, isPriced := state.Prices[legs[i].Asset]
		if !isListed || !isPriced {
			return nil, errors.New("unknown asset, or one without a price: " + legs[i].Asset)
		}
		out[i] = valued{Leg: legs[i], rules: &rules, price: price.Decimal}
	}
	return out, nil
}

func (position *position) reprice(asset string, price decimal.Decimal) {
	for _, legs := range [][]valued{position.collateral, position.debt} {
		for i := range legs {
			if legs[i].Asset == asset {
				legs[i].price = price
			}
		}
	}
}

// Collateral down, debt up, to the quote's unit; weighted to 18 places.
func (position *position) health() Health {
	var health Health
	places := position.market.QuotePlaces
	for i := range position.collateral {
		leg := &position.collateral[i]
		leg.value = floor(leg.Quantity.Mul(leg.price), places)
		leg.weighed = floor(leg.value.Mul(leg.rules.Threshold.Decimal), 18)
		health.Collateral.Decimal = health.Collateral.Add(leg.value)
		health.Support.Decimal = health.Support.Add(leg.weighed)
	}
	for i := range position.debt {
		leg := &position.debt[i]
		leg.value = ceil(leg.Quantity.Mul(leg.price), places)
		leg.weighed = leg.value
		health.Debt.Decimal = health.Debt.Add(leg.value)
	}
	health.Requirement = health.Debt
	health.Equity.Decimal = health.Collateral.Sub(health.Debt.Decimal)
	health.Status = "healthy"
	if health.Requirement.IsPositive() {
		health.Ratio = amount(divideDown(health.Support.Decimal, health.Requirement.Decimal, 18))
		if health.Support.LessThan(health.Requirement.Decimal) {
			health.Status = "liquidatable"
		}
	}
	if health.Collateral.IsPositive() {
		health.LTV = amount(divideUp(health.Debt.Decimal, health.Collateral.Decimal, 18))
	}
	return health
}

// support - requirement = base - fall P, as the price P of one asset moves.
func (position *position) line(asset string) (base, fall decimal.Decimal) {
	for i := range position.collateral {
		leg := &position.collateral[i]
		if leg.Asset == asset {
			fall = fall.Sub(leg.Quantity.Mul(leg.rules.Threshold.Decimal))
		} else {
			base = base.Add(leg.weighed)
		}
	}
	for i := range position.debt {
		leg := &position.debt[i]
		if leg.Asset == asset {
			fall = fall.Add(leg.Quantity.Decimal)
		} else {
			base = base.Sub(leg.weighed)
		}
	}
	return base, fall
}

// Liquidated below base / fall, rounded up, or above it, rounded down.
func (position *position) liquidationPrice(leg *valued, health *Health) LiquidationPrice {
	base, fall := position.line(leg.Asset)
	row := LiquidationPrice{Asset: leg.Asset}
	places := leg.rules.PriceUnitPlaces
	switch {
	case base.IsNegative() && fall.IsNegative():
		row.Direction = text("below")
		row.Price = amount(divideUp(base.Neg(), fall.Neg(), places))
	case base.IsPositive() && fall.IsPositive():
		row.Direction = text("above")
		row.Price = amount(divideDown(base, fall, places))
	}
	switch {
	case health.Requirement.IsZero():
		row.PriceReason = text("no_debt")
	case health.Status == "liquidatable":
		row.PriceReason = text("already_liquidatable")
	case row.Price == nil:
		row.PriceReason = text("never")
	}
	return row
}

// Each asset once, in the account's order.
func (position *position) assets() []*valued {
	var out []*valued
	for _, legs := range [][]valued{position.collateral, position.debt} {
		for i := range legs {
			isNew := true
			for _, other := range out {
				isNew = isNew && other.Asset != legs[i].Asset
			}
			if isNew {
				out = append(out, &legs[i])
			}
		}
	}
	return out
}

// Value times volatility: what the account depends on most.
func (position *position) weight(asset string, state *State) float64 {
	sum := zero
	for i := range position.collateral {
		if position.collateral[i].Asset == asset {
			sum = sum.Add(position.collateral[i].Quantity.Decimal)
		}
	}
	for i := range position.debt {
		if position.debt[i].Asset == asset {
			sum = sum.Sub(position.debt[i].Quantity.Decimal)
		}
	}
	net, _ := sum.Float64()
	price, _ := state.Prices[asset].Float64()
	volatility, _ := state.Volatility[asset].Float64()
	return math.Abs(net*price) * math.Max(volatility, 1e-3)
}

func (position *position) mainRow(state *State, rows []LiquidationPrice) *LiquidationPrice {
	var main *LiquidationPrice
	best := -1.0
	for i := range rows {
		row := &rows[i]
		weight := position.weight(row.Asset, state)
		wasPriced := main != nil && main.Price != nil
		if wasPriced && row.Price == nil {
			continue
		}
		if weight > best || (row.Price != nil && !wasPriced) {
			best, main = weight, row
		}
	}
	return main
}

func largest(legs []valued) *valued {
	var out *valued
	for i := range legs {
		if out == nil || out.value.LessThan(legs[i].value) {
			out = &legs[i]
		}
	}
	return out
}

// The best net price first, then the first venue.
func walk(venues []Venue, quantity decimal.Decimal, from, to decimal.Decimal,
	places int32) (fills []Fill, filled, proceeds decimal.Decimal) {
	next := make([]int, len(venues))
	taken := make([]decimal.Decimal, len(venues))
	gross := make([]decimal.Decimal, len(venues))
	net := make([]decimal.Decimal, len(venues))
	keep := make([]decimal.Decimal, len(venues))
	for i := range venues {
		keep[i] = one.Sub(venues[i].FeeRate.Decimal)
		if len(venues[i].Bids) > 0 {
			net[i] = venues[i].Bids[0][0].Mul(keep[i])
		}
	}
	for left := quantity; left.IsPositive(); {
		best := -1
		for i := range venues {
			if next[i] < len(venues[i].Bids) && (best < 0 || net[i].GreaterThan(net[best])) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		level := &venues[best].Bids[next[best]]
		size := decimal.Min(level[1].Decimal, left)
		taken[best] = taken[best].Add(size)
		gross[best] = gross[best].Add(level[0].Mul(size))
		left = left.Sub(size)
		if next[best]++; next[best] < len(venues[best].Bids) {
			net[best] = venues[best].Bids[next[best]][0].Mul(keep[best])
		}
	}
	for i := range venues {
		if taken[i].IsZero() {
			continue
		}
		brought := divideDown(gross[i].Mul(keep[i]).Mul(to), from, places)
		fills = append(fills, Fill{venues[i].Venue, Amount{taken[i]}, Amount{brought}})
		filled = filled.Add(taken[i])
		proceeds = proceeds.Add(brought)
	}
	return fills, filled, proceeds
}

// What may be repaid, at most `most`, and what that seizes.
func settle(collateral, debt *valued, most, multiplier decimal.Decimal) (
	repay, seize decimal.Decimal, isCut bool) {
	paid := debt.price.Mul(multiplier)
	seize = divideDown(most.Mul(paid), collateral.price, collateral.rules.UnitPlaces)
	if !seize.GreaterThan(collateral.Quantity.Decimal) {
		return most, seize, false
	}
	seize = collateral.Quantity.Decimal
	repay = divideUp(seize.Mul(collateral.price), paid, debt.rules.UnitPlaces)
	return decimal.Min(repay, most), seize, true
}

func (position *position) badDebt(collateral, debt *valued,
	repay, seize decimal.Decimal) decimal.Decimal {
	sum := zero
	for i := range position.collateral {
		leg := &position.collateral[i]
		left := leg.Quantity.Decimal
		if leg == collateral {
			left = left.Sub(seize)
		}
		if left.IsPositive() {
			return sum
		}
	}
	for i := range position.debt {
		leg := &position.debt[i]
		left := leg.Quantity.Decimal
		if leg == debt {
			left = left.Sub(repay)
		}
		sum = sum.Add(ceil(left.Mul(leg.price), position.market.QuotePlaces))
	}
	return sum
}

// All of the largest debt for the largest collateral, as far as that and the depth go.
func (position *position) liquidate(state *State, answer *Answer) {
	out := &answer.Liquidation
	places := position.market.QuotePlaces
	collateral, debt := largest(position.collateral), largest(position.debt)
	if debt == nil || debt.Quantity.IsZero() {
		out.Reason = text("no_debt")
		return
	}
	if collateral == nil {
		out.Reason, out.LimitedBy = text("no_collateral"), text("collateral")
		out.Debt, out.Repay, out.Seize = &debt.Asset, amount(zero), amount(zero)
		out.BadDebt = amount(position.badDebt(nil, nil, zero, zero))
		answer.Penalty.Amount = amount(zero)
		return
	}
	multiplier := one.Add(collateral.rules.PenaltyRate.Decimal)
	venues := state.Depth[collateral.Asset]
	from := state.Prices[collateral.Asset].Decimal
	most, beyond := debt.Quantity.Decimal, zero
	limitedBy := "debt"
	repay, seize, isCut := settle(collateral, debt, most, multiplier)
	fills, filled, proceeds := walk(venues, seize, from, collateral.price, places)
	if len(venues) > 0 && filled.LessThan(seize) {
		beyond = seize.Sub(filled)
		most = decimal.Min(most, divideDown(filled.Mul(collateral.price),
			debt.price.Mul(multiplier), debt.rules.UnitPlaces))
		limitedBy = "depth"
		repay, seize, isCut = settle(collateral, debt, most, multiplier)
		fills, filled, proceeds = walk(venues, seize, from, collateral.price, places)
	}
	if isCut {
		limitedBy = "collateral"
	}
	out.Collateral, out.Debt, out.LimitedBy = &collateral.Asset, &debt.Asset, &limitedBy
	out.Repay, out.Seize = amount(repay), amount(seize)
	out.BadDebt = amount(position.badDebt(collateral, debt, repay, seize))
	out.Fills = fills
	if len(venues) > 0 {
		out.Unfilled = amount(decimal.Max(beyond, seize.Sub(filled)))
	}
	if filled.IsPositive() {
		out.AveragePrice = amount(divideDown(proceeds, filled, 18))
		out.SlippageRate = amount(one.Sub(divideDown(proceeds, filled.Mul(collateral.price), 18)))
	}
	bonus := seize.Sub(divideDown(seize, multiplier, collateral.rules.UnitPlaces))
	answer.Penalty.Rate = &collateral.rules.PenaltyRate
	answer.Penalty.Amount = amount(ceil(bonus.Mul(collateral.price), places))
}

func compute(market *Market, question *Question) (*Answer, error) {
	var answer Answer
	position := position{market: market}
	var err error
	account, state := &question.Account, &question.State
	if position.collateral, err = open(market, state, account.Collateral); err != nil {
		return nil, err
	}
	if position.debt, err = open(market, state, account.Debt); err != nil {
		return nil, err
	}
	for _, venues := range question.State.Depth {
		if err := checkVenues(venues); err != nil {
			return nil, err
		}
	}
	answer.Health = position.health()
	for _, asset := range position.assets() {
		answer.LiquidationPrices = append(answer.LiquidationPrices,
			position.liquidationPrice(asset, &answer.Health))
	}
	answer.Liquidation.At = "mark"
	main := position.mainRow(&question.State, answer.LiquidationPrices)
	if question.At != "mark" && main != nil && main.Price != nil &&
		answer.Health.Status != "liquidatable" {
		answer.Liquidation.At = "trigger"
		position.reprice(main.Asset, main.Price.Decimal)
		position.health()
	}
	position.liquidate(&question.State, &answer)
	return &answer, nil
}
