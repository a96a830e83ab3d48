import type { Tenant } from '../../work/entry.ts';

/** Requests after which earlier demand counts half. */
const HALF_LIFE_REQUESTS = 1_024;
/** A demand that has been halved more often is deleted. */
const FORGOTTEN_AFTER_HALVINGS = 10;
/** A tenant below this share of the heaviest tenant's demand does not crowd the queue. */
const UNDER_SHARE = 0.5;

interface Demand {
  rows: number;
  /** Number of halvings at the last update of `rows`. */
  halvings: number;
}

/** Recent demand of each tenant: requested rows divided by its weight, admitted or not. */
export class TenantDemand {
  readonly #demands = new Map<string, Demand>();
  readonly #all: Demand = { rows: 0, halvings: 0 };
  #requests = 0;
  #heaviest = '';

  asked({ name, weight }: Tenant, rows: number): void {
    this.#requests += 1;
    if (this.#requests % HALF_LIFE_REQUESTS === 0) this.#forget();
    let demand = this.#demands.get(name);
    if (demand === undefined) {
      demand = { rows: 0, halvings: this.#halvings };
      this.#demands.set(name, demand);
    }
    this.#add(demand, rows / weight);
    this.#add(this.#all, rows / weight);
    const heaviest = this.#demands.get(this.#heaviest);
    if (heaviest === undefined || demand.rows > this.#now(heaviest)) this.#heaviest = name;
  }

  /** Whether the mean demand of the other tenants is below UNDER_SHARE of the heaviest tenant's. */
  get hasModest(): boolean {
    const others = this.#demands.size - 1;
    const heaviest = this.#demands.get(this.#heaviest);
    if (others < 1 || heaviest === undefined) return false;
    const own = this.#now(heaviest);
    return (this.#now(this.#all) - own) / others < UNDER_SHARE * own;
  }

  /** Whether the tenant's demand is below UNDER_SHARE of the heaviest tenant's. */
  isUnderShare({ name }: Tenant): boolean {
    if (this.#demands.size < 2) return false;
    const [own, heaviest] = [this.#demands.get(name), this.#demands.get(this.#heaviest)];
    if (own === undefined || heaviest === undefined) return false;
    return this.#now(own) < UNDER_SHARE * this.#now(heaviest);
  }

  #add(demand: Demand, rows: number): void {
    demand.rows = this.#now(demand) + rows;
    demand.halvings = this.#halvings;
  }

  get #halvings(): number {
    return Math.floor(this.#requests / HALF_LIFE_REQUESTS);
  }

  #now({ rows, halvings }: Demand): number {
    return rows * 2 ** (halvings - this.#halvings);
  }

  #forget(): void {
    for (const [name, { halvings }] of this.#demands) {
      if (this.#halvings - halvings > FORGOTTEN_AFTER_HALVINGS) this.#demands.delete(name);
    }
  }
}
