// Harness for sa_ws: schedules the folds of a GEMM, checks the product, measures cycles. Our own, under the project's licence.
// Reads lines "S K N mode trim" (S streamed rows, K x N stationary; mode 0 serial, 1 one buffer, 2 two buffers; trim 1: only rows and
// columns in use are loaded and counted), writes "cycles correct" for each, and with an argument such as -1 runs every schedule
// so many cycles early.
// cycles = clock edges from the cycle in which the first operand word is on the array's edge port (cycle 0) to the cycle in which
//          the last result is visible on the registered south port.
#include "Vsa_ws.h"
#include "verilated.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include <array>
#include <map>
#include <string>
using namespace std;
static const int R=RR, C=CC, SK=SKW;
static Vsa_ws* t; 
struct W{int fold,k;}; struct A{int fold,m;};
static int ceil_div(int a,int b){return (a+b-1)/b;}
static unsigned rs=12345; static int rnd(){rs=rs*1664525u+1013904223u; return (int)((rs>>16)&0xff)-128;}
struct Res{bool ok; long total, first_w, first_a, last_y; long load;};
// delta shifts the interval between folds
Res run(int S,int K,int N,int mode,int delta,bool trim){
  vector<vector<int>> X(S,vector<int>(K)), Wt(K,vector<int>(N)), Y(S,vector<int>(N,0)), Z(S,vector<int>(N,0));
  for(auto&r:X)for(auto&v:r)v=rnd(); for(auto&r:Wt)for(auto&v:r)v=rnd();
  for(int s=0;s<S;s++)for(int n=0;n<N;n++){int acc=0;for(int k=0;k<K;k++)acc+=X[s][k]*Wt[k][n];Y[s][n]=acc;}
  int fk=ceil_div(K,R), fn=ceil_div(N,C), T=fk*fn;
  vector<long> wstart(T), astart(T);
  for(int f=0;f<T;f++){
    int ki=f%fk; int kr=min(R,K-ki*R); int ni=f/fk;
    int P=trim?kr:R; 
    if(f==0){wstart[0]=0; astart[0]=P; continue;}
    int pk=(f-1)%fk; int pkr=min(R,K-pk*R); int pnc=min(C,N-((f-1)/fk)*C); int PP=trim?pkr:R;
    int Ceff=trim?pnc:C;
    long lastvis=astart[f-1]+S+R+Ceff-2;  // elapsed edge count at which last result visible
    if(mode==0){wstart[f]=lastvis+delta; astart[f]=wstart[f]+P;}
    else if(mode==1){wstart[f]=astart[f-1]+S+(SK?0:max(0,R+Ceff-3))+delta; astart[f]=wstart[f]+P;}
    else { // double buffer
      long ws;
      if(SK==1){ // buffer f%2 last used by fold f-2, last vector slot astart[f-2]+S-1 ; and north port free
        ws=wstart[f-1]+( (trim? min(R,K-((f-1)%fk)*R):R) );
        if(f>=2) ws=max(ws, astart[f-2]+S);
      } else { ws=wstart[f-1]+PP; if(f>=2){ int n2=trim?min(C,N-((f-2)/fk)*C):C; ws=max(ws, astart[f-2]+S+R+n2-3); } }
      wstart[f]=ws; astart[f]=max(astart[f-1]+(long)S, ws+P);
      wstart[f]=max(ws, astart[f]-P); // just-in-time
      if(f>=2 || 1){ wstart[f]+=delta; astart[f]=max(astart[f-1]+(long)S, wstart[f]+P);}  // delta=-1: one cycle too early
    }
  }
  map<long,W> wop; map<long,A> aop;
  for(int f=0;f<T;f++){ int ki=f%fk; int kr=min(R,K-ki*R); int P=trim?kr:R;
    for(int p=0;p<P;p++){ if(wop.count(wstart[f]+p)) return Res{false,-1,0,0,0,0}; wop[wstart[f]+p]=W{f,P-1-p}; }
    for(int s=0;s<S;s++){ if(aop.count(astart[f]+s)) return Res{false,-1,0,0,0,0}; aop[astart[f]+s]=A{f,s}; } }
  t->rst=1; t->a_valid=0;t->w_valid=0; memset(&t->a_in[0],0,128); memset(&t->w_in[0],0,128);
  for(int i=0;i<2;i++){t->clk=0;t->eval();t->clk=1;t->eval();}
  t->rst=0;
  long end=astart[T-1]+S+R+C+4; vector<long> cnt(C,0); long lasty=-1; 
  for(long cyc=0;cyc<end;cyc++){
    // drive
    t->a_valid=0;t->w_valid=0; for(int i=0;i<32;i++){t->a_in[i]=0xEE;t->w_in[i]=0x77;}
    auto w=wop.find(cyc); if(w!=wop.end()){int f=w->second.fold,k=w->second.k,ki=f%fk,ni=f/fk; t->w_valid=1;t->w_sel=(mode==2)?(f&1):0;
      for(int c=0;c<C;c++){int kk=ki*R+k,nn=ni*C+c; t->w_in[c]=(kk<K&&nn<N)?(Wt[kk][nn]&0xff):0;}}
    auto a=aop.find(cyc); if(a!=aop.end()){int f=a->second.fold,s=a->second.m,ki=f%fk; t->a_valid=1;t->a_sel=(mode==2)?(f&1):0;
      for(int r=0;r<R;r++){int kk=ki*R+r; t->a_in[r]=(kk<K)?(X[s][kk]&0xff):0;}}
    t->clk=0;t->eval();
    // sample south port in this cycle (values registered at previous edges)
    for(int c=0;c<C;c++) if((t->y_valid>>c)&1){ long q=cnt[c]++; int f=q/S,s=q%S; if(f<T){int nn=(f/fk)*C+c; if(nn<N){Z[s][nn]+=(int)t->y_out[c]; lasty=cyc;} else if(!trim) lasty=cyc;} }
    t->clk=1;t->eval();
  }
  bool ok=(Z==Y);
  return Res{ok,lasty,wstart[0],astart[0],lasty,astart[0]};
}
int main(int argc,char**argv){
  t=new Vsa_ws; int delta=argc>1?atoi(argv[1]):0; int S,K,N,mode,trim;
  while(scanf("%d %d %d %d %d",&S,&K,&N,&mode,&trim)==5){ Res r=run(S,K,N,mode,delta,trim); printf("%ld %d\n",r.total,(int)r.ok); }
  return 0;
}
