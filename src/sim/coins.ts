/** What is known of a coin before its market opens: its name at every source, where its price lives, how much is traded. */
import { seedOf } from './random.ts'

export interface Coin {
  readonly base: string
  readonly name: string
  readonly geckoId: string
  readonly paprikaId: string
  /** US dollars, around which the walk strays. */
  readonly anchor: number
  /** US dollars a day over all venues. */
  readonly dailyVolume: number
  /** Kraken's own code where it is not the base: `XXBT`. */
  readonly krakenCode?: string
  readonly volatility: number
}

type Row = readonly [
  name: string,
  gecko: string,
  paprika: string,
  anchor: number,
  millions: number,
  kraken?: string,
]

const COINS: Readonly<Record<string, Row>> = {
  BTC: ['Bitcoin', 'bitcoin', 'btc-bitcoin', 83_000, 30_000, 'XXBT'],
  ETH: ['Ethereum', 'ethereum', 'eth-ethereum', 2_700, 14_000, 'XETH'],
  SOL: ['Solana', 'solana', 'sol-solana', 142, 3_800],
  XRP: ['XRP', 'ripple', 'xrp-xrp', 1.9, 2_900, 'XXRP'],
  ADA: ['Cardano', 'cardano', 'ada-cardano', 0.62, 620],
  DOGE: ['Dogecoin', 'dogecoin', 'doge-dogecoin', 0.165, 1_300, 'XXDG'],
  LTC: ['Litecoin', 'litecoin', 'ltc-litecoin', 88, 480, 'XLTC'],
  LINK: ['Chainlink', 'chainlink', 'link-chainlink', 13.4, 510],
  DOT: ['Polkadot', 'polkadot', 'dot-polkadot', 4.1, 190],
  AVAX: ['Avalanche', 'avalanche-2', 'avax-avalanche', 19.6, 410],
  UNI: ['Uniswap', 'uniswap', 'uni-uniswap', 6.2, 230],
  ATOM: ['Cosmos Hub', 'cosmos', 'atom-cosmos', 4.4, 120],
  XLM: ['Stellar', 'stellar', 'xlm-stellar', 0.27, 210, 'XXLM'],
  ETC: ['Ethereum Classic', 'ethereum-classic', 'etc-ethereum-classic', 17.2, 110, 'XETC'],
  FIL: ['Filecoin', 'filecoin', 'fil-filecoin', 2.6, 130],
  AAVE: ['Aave', 'aave', 'aave-new', 172, 290],
  BCH: ['Bitcoin Cash', 'bitcoin-cash', 'bch-bitcoin-cash', 355, 330],
  NEAR: ['NEAR Protocol', 'near', 'near-near-protocol', 2.5, 180],
  ALGO: ['Algorand', 'algorand', 'algo-algorand', 0.19, 60],
  ICP: ['Internet Computer', 'internet-computer', 'icp-internet-computer', 5.1, 75],
  APT: ['Aptos', 'aptos', 'apt-aptos', 5.3, 150],
  ARB: ['Arbitrum', 'arbitrum', 'arb-arbitrum', 0.34, 160],
  OP: ['Optimism', 'optimism', 'op-optimism', 0.78, 120],
  SUI: ['Sui', 'sui', 'sui-sui', 2.4, 780],
  INJ: ['Injective', 'injective-protocol', 'inj-injective-protocol', 9.1, 95],
  TRX: ['TRON', 'tron', 'trx-tron', 0.24, 560],
  SHIB: ['Shiba Inu', 'shiba-inu', 'shib-shiba-inu', 0.0000126, 170],
  PEPE: ['Pepe', 'pepe', 'pepe-pepe', 0.0000074, 540],
  CRV: ['Curve DAO', 'curve-dao-token', 'crv-curve-dao-token', 0.58, 140],
  GRT: ['The Graph', 'the-graph', 'grt-the-graph', 0.092, 40],
  BNB: ['BNB', 'binancecoin', 'bnb-binance-coin', 605, 1_500],
  MATIC: ['Polygon', 'matic-network', 'matic-polygon', 0.22, 30],
  POL: ['POL', 'polygon-ecosystem-token', 'pol-polygon-ecosystem-token', 0.22, 90],
  ZEC: ['Zcash', 'zcash', 'zec-zcash', 36, 60, 'XZEC'],
  XMR: ['Monero', 'monero', 'xmr-monero', 215, 70, 'XXMR'],
  MKR: ['Maker', 'maker', 'mkr-maker', 1_400, 60],
  XTZ: ['Tezos', 'tezos', 'xtz-tezos', 0.68, 20],
  EOS: ['EOS', 'eos', 'eos-eos', 0.61, 90],
  SAND: ['The Sandbox', 'the-sandbox', 'sand-the-sandbox', 0.28, 50],
  MANA: ['Decentraland', 'decentraland', 'mana-decentraland', 0.27, 35],
  USDT: ['Tether', 'tether', 'usdt-tether', 1.0003, 52_000],
  USDC: ['USDC', 'usd-coin', 'usdc-usd-coin', 0.9999, 7_500],
}

export const STABLE: ReadonlySet<string> = new Set(['USDT', 'USDC'])

/** Any base has a coin: those nobody knows are made up, always the same way. */
export function coinOf(base: string): Coin {
  const row = COINS[base] ?? madeUp(base)
  const [name, geckoId, paprikaId, anchor, millions, krakenCode] = row
  return {
    base,
    name,
    geckoId,
    paprikaId,
    anchor,
    dailyVolume: millions * 1e6,
    volatility: STABLE.has(base) ? 0.0006 : base === 'BTC' ? 0.5 : 0.75,
    ...(krakenCode === undefined ? {} : { krakenCode }),
  }
}

function madeUp(base: string): Row {
  const drawn = seedOf(1, base)
  const id = `${base.toLowerCase()}-coin`
  return [base, id, id, 10 ** ((drawn % 500) / 100 - 2), 20 + (drawn % 180)]
}
