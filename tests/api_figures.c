/* A row a question: the figures that it must be answered with. */
#include "tests/api_figures.h"

#include <stdlib.h>

#include "record/record.h"
#include "tests/api.h"

/* The sample markets (migrations/samples): eth-usd weighs ETH 0.83, BTC 0.78 and USDC 0.78, and
 * takes 5 % of what is repaid in ETH, of which bonus 10 % are the protocol's and 5 % the
 * insurance's; its prices go by 1e-8. btc-usd-perp keeps 0.4 % of a notional up to 50,000, closes
 * for 0.05 %, and its prices go by 0.1. */
#define LENDING \
    "'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'2000','USDC':'1'}}"
#define SHORT \
    "'market':'btc-usd-perp','account':{'cash':'6000','perps':[{'asset':'BTC','quantity':'-0.5'," \
    "'entry_price':'60000'}]},'state':{'prices':{'BTC':'61000'}}"

/* Calculated by hand, with fractions, from rules.md 4 and 5; the quotients: 16600/12000,
 * 12000/16600 up, 12000/(10*0.83) up to 1e-8, 1445.78313254/2000 - 1 (finite), 16600/12000 and
 * 20000/12000 down to 1e-8, 10 - up(6/0.83). Short: 5500/137.25 and back, 36000/(0.5*1.0045) and
 * 36000/(0.5*1.0005) down to 0.1. */
static const struct { const char *path, *question, *expect; } rows[] = {
    { "/v1/previews", "{" LENDING "}",
      "{'health':{'status':'healthy','ratio':'1.383333333333333333','ratio_reason':null,"
      "'support':'16600','pre_support':'16600','requirement':'12000','equity':'8000',"
      "'collateral':'20000','debt':'12000','maintenance':'0','unrealised_profit':'0',"
      "'opening':'16100','borrowable':'4100','headroom':'4600','ltv':'0.6','ltv_reason':null,"
      "'usage':'0.722891566265060241','usage_reason':null,'window':null},"
      "'liquidation_prices':[{'asset':'ETH','direction':'below','price':'1445.78313254',"
      "'price_reason':null,'distance_rate':'-0.27710843373','bankruptcy_price':'1200',"
      "'bankruptcy_price_reason':null},{'asset':'USDC','direction':'above','price':'1.38333333',"
      "'bankruptcy_price':'1.66666666'}],'withdrawable':[{'asset':'ETH',"
      "'quantity':'2.77108433734939759'}],'risk':{'asset':'ETH','horizon_s':86400}}" },
    { "/v1/liquidation-prices", "{" SHORT "}",
      "{'health':{'status':'healthy','ratio':'40.072859744990892531','support':'5500',"
      "'requirement':'137.25','equity':'5500','maintenance':'122','unrealised_profit':'-500',"
      "'ltv':null,'ltv_reason':'no_collateral','usage':'0.024954545454545455'},"
      "'liquidation_prices':[{'asset':'BTC','direction':'above','price':'71677.4',"
      "'bankruptcy_price':'71964'}]}" },
    /* No debt: nothing that a price could bring about. */
    { "/v1/liquidation-prices",
      "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'1'}]},"
      "'state':{'prices':{'ETH':'2000'}}}",
      "{'health':{'status':'healthy','ratio':null,'ratio_reason':'no_debt','requirement':'0',"
      "'usage':'0'},'liquidation_prices':[{'asset':'ETH','direction':null,'price':null,"
      "'price_reason':'no_debt','distance_rate':null}]}" },
    /* Liquidatable now: 10 * 1400 * 0.83 = 11620 against 12000. The boundary stays, with the reason
     * beside it. */
    { "/v1/liquidation-prices",
      "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'}],"
      "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'1400','USDC':'1'}}}",
      "{'health':{'status':'liquidatable','ratio':'0.968333333333333333','headroom':'0'},"
      "'liquidation_prices':[{'asset':'ETH','direction':'below','price':'1445.78313254',"
      "'price_reason':'already_liquidatable'},{'asset':'USDC','direction':'above',"
      "'price':'0.96833333','price_reason':'already_liquidatable'}]}" },
    /* All of the debt at the mark: 12000 * 1.05 / 2000. Of the bonus 0.3: 0.03, 0.015, and the rest
     * of the 6.3. */
    { "/v1/penalties", "{" LENDING ",'at':'mark'}",
      "{'liquidation':{'at':'mark','collateral':'ETH','debt':'USDC','repay':'12000',"
      "'repay_max':'12000','seize':'6.3','limited_by':'debt','bad_debt':'0','bad_debts':[],"
      "'collateral_exhausted':false,'ltv_after':'0'},'penalty':{'rate':'0.05','amount':'600',"
      "'form_rate':'0.05','split':{'liquidator':'6.255','insurance':'0.015','protocol':'0.03',"
      "'borrower':'0'}}}" },
    /* A wish: 1000 * 1.05 / 1200; bonus 0.875 - down(0.875 / 1.05); shares of it up. 11000 / (15000
     * - 1050) is left. */
    { "/v1/penalties",
      "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'},"
      "{'asset':'BTC','quantity':'0.1'}],'debt':[{'asset':'USDC','quantity':'12000'}]},"
      "'state':{'prices':{'ETH':'1200','BTC':'30000','USDC':'1'}},'at':'mark',"
      "'liquidator':{'collateral':'ETH','debt':'USDC','repay':'1000'}}",
      "{'health':{'ratio':'1.025'},'liquidation':{'repay':'1000','seize':'0.875',"
      "'limited_by':'request','ltv_after':'0.788530465949820789'},"
      "'penalty':{'split':{'liquidator':'0.868749999999999999','insurance':'0.002083333333333334',"
      "'protocol':'0.004166666666666667','borrower':'0'}}}" },
    /* More than there is: 10 ETH at 1000 pay for 10000/1.05 of 12000; what stays is a bad debt, to
     * USDC's 1e-6. */
    { "/v1/penalties",
      "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'}],"
      "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'1000','USDC':'1'}}}",
      "{'liquidation':{'at':'mark','repay':'9523.809524','seize':'10','limited_by':'collateral',"
      "'collateral_exhausted':true,'bad_debt':'2476.190476','bad_debts':[{'asset':'USDC',"
      "'quantity':'2476.190476'}],'ltv_after':null}}" },
    /* A short at the mark: 61000 * 1.002; it costs 30500 to close, and the equity of 5500 goes. */
    { "/v1/penalties", "{" SHORT ",'at':'mark','liquidator':{'perp':'BTC','fill_price':'61050'}}",
      "{'liquidation':{'perp':{'asset':'BTC','quantity':'0.5','quantity_max':'0.5',"
      "'notional_max':'30500','limit_price':'61122','bankruptcy_proceeds':'-36000',"
      "'proceeds':'-30525','insurance_fee':'61.05','insurance_delta':'61.05'}}}" },
    /* Rules of the request's own: the ramp is over; 20000 * 0.8, 20000 * 0.75, 12000 * 1.05. */
    { "/v1/previews",
      "{'parameters':{'assets':{'ETH':{'threshold':'0.8','pre_liquidation':{'threshold':'0.75',"
      "'close_start_rate':'0.1','close_end_rate':'0.5'},'ramp':{'initial_threshold':'0.85',"
      "'start_at':'2020-01-01T00:00:00Z','duration_s':604800}},'USDC':{'borrow_factor':'1.05'}},"
      "'trigger':{'rule':'below'},'close':{'rule':'full'},'dust':{'rule':'none'},"
      "'penalty':{'rule':'fixed'}},'account':{'collateral':[{'asset':'ETH','quantity':'10'}],"
      "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'2000','USDC':'1'}}}",
      "{'decision':{'market':null,'parameters_version':null},'health':{'status':'healthy',"
      "'ratio':'1.269841269841269841','support':'16000','pre_support':'15000',"
      "'requirement':'12600'}}" },
};

START_TEST(figures_are_as_calculated)
{
    char              *body = api_text(rows[_i].question);
    json_t            *expected = api_json(rows[_i].expect);
    struct api_request request = { .method = "POST",
                                   .path = rows[_i].path,
                                   .key = API_EVERY_ROLE,
                                   .body = body };
    struct api_answer  answer;

    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == 201, "%s: %d %.1000s", body, answer.http.status,
                  answer.http.body);
    ck_assert_msg(api_contains(answer.json, expected), "%s\n  is answered %s\n  and not    %s",
                  body, answer.http.body, json_dumps(expected, JSON_COMPACT));
    api_forget(&answer);
    json_decref(expected);
    free(body);
}
END_TEST

void
api_figures_add(TCase *tcase)
{
    tcase_add_loop_test(tcase, figures_are_as_calculated, 0, COUNT_OF(rows));
}
