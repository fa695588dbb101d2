export declare function startSource(servicePort: number, publish: (n: number) => void): void
