import type { Book } from '../../src/domain/answer.ts'

export declare const DOCUMENT: string
export declare function variablesOf(symbol: string): { symbol: string; venue: string }
export declare function bookEvent(symbol: string, n: number): Book
export declare function iso(at: number): string
