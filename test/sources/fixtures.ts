/** Frames and bodies of the sources' own shapes, written for these tests: no recorded market stands in them. */
import type { Listing, Venue } from '../../src/domain/market.ts'
import type { WireReply } from '../../src/wire/request.ts'

export const reply = (
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): WireReply => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export const LISTINGS: Readonly<Record<Venue, Listing>> = {
  BINANCE: { source: 'BINANCE', symbol: 'BTC-USDT', spelling: 'BTCUSDT' },
  OKX: { source: 'OKX', symbol: 'BTC-USDT', spelling: 'BTC-USDT' },
  COINBASE: { source: 'COINBASE', symbol: 'BTC-USD', spelling: 'BTC-USD' },
  KRAKEN: { source: 'KRAKEN', symbol: 'BTC-USD', spelling: 'BTC/USD', restSpelling: 'XBTUSD' },
}

/** One frame of each kind the venue's adapter gives a meaning to. */
export const FRAMES: Readonly<Record<Venue, Readonly<Record<string, string>>>> = {
  BINANCE: {
    book: '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000100,"s":"BTCUSDT","U":101,"u":104,"b":[["42000.10000000","0.50000000"],["41999.00000000","0.00000000"]],"a":[["42000.20000000","1.25000000"]]}}',
    trade:
      '{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000101,"s":"BTCUSDT","t":9001,"p":"42000.10000000","q":"0.00300000","T":1700000000100,"m":true,"M":true}}',
    candle:
      '{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1700000041000,"s":"BTCUSDT","k":{"t":1699999980000,"T":1700000039999,"s":"BTCUSDT","i":"1m","f":1,"L":9,"o":"41990.00","c":"42000.10","h":"42010.00","l":"41980.50","v":"12.50000000","n":9,"x":true,"q":"525000.1","V":"6.0","Q":"252000.0","B":"0"}}}',
    accepted: '{"result":null,"id":7}',
    refused: '{"code":2,"msg":"Invalid request: unknown method","id":7}',
    heartbeat: '{"result":["btcusdt@trade"],"id":0}',
    closing: '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1700000000000}}',
  },
  OKX: {
    snapshot:
      '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["42000.2","1.25","0","3"]],"bids":[["42000.1","0.5","0","2"]],"ts":"1700000000100","checksum":0,"seqId":1000,"prevSeqId":-1}]}',
    book: '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["42000.2","0","0","0"]],"bids":[["42000.1","0.75","0","2"]],"ts":"1700000000200","checksum":0,"seqId":1009,"prevSeqId":1000}]}',
    trade:
      '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"5501","px":"42000.1","sz":"0.003","side":"sell","ts":"1700000000150","count":"2"}]}',
    candle:
      '{"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[["1699999980000","41990","42010","41980.5","42000.1","12.5","525000.1","525000.1","1"]]}',
    accepted: '{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a1b2c3d4"}',
    refused:
      '{"event":"error","code":"60018","msg":"Wrong URL or channel:books,instId:BTC-USDX doesn\'t exist.","connId":"a1b2c3d4"}',
    heartbeat: 'pong',
    closing: '{"event":"notice","code":"64008","msg":"The connection will soon be closed for an upgrade."}',
  },
  COINBASE: {
    snapshot:
      '{"channel":"l2_data","timestamp":"2026-01-02T03:04:05.250Z","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"2026-01-02T03:04:05.100Z","price_level":"42000.1","new_quantity":"0.5"},{"side":"offer","event_time":"2026-01-02T03:04:05.100Z","price_level":"42000.2","new_quantity":"1.25"}]}]}',
    book: '{"channel":"l2_data","timestamp":"2026-01-02T03:04:05.350Z","sequence_num":1,"events":[{"type":"update","product_id":"BTC-USD","updates":[{"side":"offer","event_time":"2026-01-02T03:04:05.300Z","price_level":"42000.2","new_quantity":"0"}]}]}',
    trade:
      '{"channel":"market_trades","timestamp":"2026-01-02T03:04:05.500Z","sequence_num":2,"events":[{"type":"update","trades":[{"trade_id":"702","product_id":"BTC-USD","price":"42000.2","size":"0.003","side":"SELL","time":"2026-01-02T03:04:05.450Z"},{"trade_id":"701","product_id":"BTC-USD","price":"42000.1","size":"0.004","side":"BUY","time":"2026-01-02T03:04:05.440Z"}]}]}',
    accepted:
      '{"channel":"subscriptions","timestamp":"2026-01-02T03:04:05.260Z","sequence_num":3,"events":[{"subscriptions":{"level2":["BTC-USD"],"heartbeats":["heartbeats"]}}]}',
    refused: '{"type":"error","message":"authentication failure"}',
    heartbeat:
      '{"channel":"heartbeats","timestamp":"2026-01-02T03:04:06.000Z","sequence_num":4,"events":[{"current_time":"2026-01-02 03:04:06 +0000 UTC","heartbeat_counter":9}]}',
  },
  KRAKEN: {
    snapshot:
      '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":42000.0,"qty":0.50000000}],"asks":[{"price":42000.2,"qty":0.00005100}],"checksum":2439117997,"timestamp":"2026-01-02T03:04:05.123456Z"}]}',
    book: '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[{"price":42000.2,"qty":0.00000000},{"price":42001.0,"qty":0.78918370}],"checksum":3161278731,"timestamp":"2026-01-02T03:04:05.223456Z"}]}',
    trade:
      '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":42000.0,"qty":0.00300000,"ord_type":"limit","trade_id":3301,"timestamp":"2026-01-02T03:04:05.323456Z"}]}',
    candle:
      '{"channel":"ohlc","type":"update","data":[{"symbol":"BTC/USD","open":41990.0,"high":42010.0,"low":41980.5,"close":42000.0,"trades":9,"volume":12.50000000,"vwap":41999.1,"interval_begin":"2026-01-02T03:04:00.000000000Z","interval":1,"timestamp":"2026-01-02T03:05:00.000000Z"}]}',
    accepted:
      '{"method":"subscribe","result":{"channel":"book","depth":1000,"snapshot":true,"symbol":"BTC/USD"},"success":true,"time_in":"2026-01-02T03:04:05.000001Z","time_out":"2026-01-02T03:04:05.000051Z","req_id":1}',
    refused:
      '{"error":"Currency pair not supported XYZ/USD","method":"subscribe","success":false,"symbol":"XYZ/USD","time_in":"2026-01-02T03:04:05.000001Z"}',
    heartbeat: '{"channel":"heartbeat"}',
  },
}

/** What the venues say that means nothing to us, and must do no harm. */
export const HARMLESS: Readonly<Record<Venue, readonly string[]>> = {
  BINANCE: [
    '{"stream":"btcusdt@bookTicker","data":{"u":104,"s":"BTCUSDT","b":"42000.1","B":"0.5","a":"42000.2","A":"1.25"}}',
    '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000101,"s":"BTCUSDT","a":1}}',
  ],
  OKX: [
    '{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"last":"42000.1"}]}',
    '{"event":"unsubscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a1b2c3d4"}',
    '{"event":"channel-conn-count","channel":"books","connCount":"2","connId":"a1b2c3d4"}',
  ],
  COINBASE: ['{"channel":"status","timestamp":"2026-01-02T03:04:05.250Z","sequence_num":5,"events":[]}'],
  KRAKEN: [
    '{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":11278572044473960836}]}',
    '{"method":"unsubscribe","result":{"channel":"book","symbol":"BTC/USD"},"success":true}',
    '{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":42000.0}]}',
  ],
}
